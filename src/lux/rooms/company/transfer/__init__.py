"""One company to a file and back: what travels (`tables`), how rows are written, how an archive is read and trusted."""
