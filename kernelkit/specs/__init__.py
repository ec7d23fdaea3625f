"""The compiler from recipe to kernelspec, and the shelf the kernelspecs stand on."""
