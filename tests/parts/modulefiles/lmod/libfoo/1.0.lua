-- What the style-* modules ask for.
whatis("Name: libfoo")
whatis("Version: 1.0")
whatis("Description: A library that others need")
setenv("LIBFOO_VERSION", "1.0")
