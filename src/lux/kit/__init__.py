"""The foundations without domain words: database, jobs, clock, settings, errors, crypto, pages."""
