-- What the style-* modules ask for.
whatis("Name: libfoo")
whatis("Version: 2.0")
whatis("Description: A library that others need")
setenv("LIBFOO_VERSION", "2.0")
