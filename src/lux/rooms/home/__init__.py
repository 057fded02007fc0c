"""The dashboard: what waits, what is broken, what leaves today, how it went."""
