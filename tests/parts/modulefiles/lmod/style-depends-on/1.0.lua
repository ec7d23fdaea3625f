whatis("Description: depends_on: loads it, and counts who needs it")
depends_on("libfoo/1.0")
setenv("STYLE_DEPENDS_ON", "loaded")
