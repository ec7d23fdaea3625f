module_version("python/3.11", "default")
