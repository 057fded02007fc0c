"""`python -m lux` is the `lux` command."""

from lux.cli import main

main()
