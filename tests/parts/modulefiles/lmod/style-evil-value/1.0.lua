whatis("Description: Sets a value that a careless shell would run")
-- No newline: Lmod 8.6 emits it unquoted, and the shell then runs the second line.
setenv("STYLE_EVIL", "a 'quoted' \"value\" $(touch /tmp/kernelkit-evil) `touch /tmp/kernelkit-evil` $HOME")
setenv("STYLE_EVIL_VALUE", "loaded")
