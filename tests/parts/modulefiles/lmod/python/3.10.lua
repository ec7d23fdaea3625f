-- Older by name only: the same interpreter, through a prefix of its own.
whatis("Name: python")
whatis("Version: 3.10")
whatis("Description: A former default, by name only")
family("python")
prepend_path("PATH", "@PARTS@/software/python-3.10/bin")
