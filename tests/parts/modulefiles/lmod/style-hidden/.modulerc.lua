hide_version("style-hidden/1.0")
