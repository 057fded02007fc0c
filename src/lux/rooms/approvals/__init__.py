"""Pages over the gate: what waits, what it will do, yes or no; switches; stop; audit."""
