-- In a tree of its own: Lmod 8.6 does not know the function, and spider evaluates every file.
whatis("Description: depends_on_any: takes the first that exists")
depends_on_any("libabsent/1.0", "libfoo/2.0")
setenv("STYLE_DEPENDS_ON_ANY", "loaded")
