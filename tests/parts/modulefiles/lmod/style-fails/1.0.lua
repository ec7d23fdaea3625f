whatis("Description: Refuses with a message")
if (mode() == "load") then
   LmodError("style-fails: the license server `licenses.example.org` does not answer")
end
setenv("STYLE_FAILS", "loaded")
