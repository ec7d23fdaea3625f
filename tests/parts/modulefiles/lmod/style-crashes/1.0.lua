whatis("Description: Has a mistake in it")
if (mode() == "load") then no_such_function() end
setenv("STYLE_CRASHES", "loaded")
