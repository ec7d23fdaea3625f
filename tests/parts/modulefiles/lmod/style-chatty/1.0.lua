whatis("Description: Talks on stdout and on stderr")
if (mode() == "load") then
   io.stderr:write("style-chatty: a line on stderr from the modulefile\n")
   LmodMessage("style-chatty: a message of Lmod's")
end
execute { cmd = "echo 'style-chatty: a line on stdout'; echo 'style-chatty: a line on stderr' >&2", modeA = { "load" } }
setenv("STYLE_CHATTY", "loaded")
