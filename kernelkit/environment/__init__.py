"""What a kernel's software is made of: modules, containers, interpreters, packages."""
