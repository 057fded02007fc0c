"""The rules of the house, one idea to a file: they read the sources as they are now."""
