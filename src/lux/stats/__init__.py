"""Statistics over counts: pure functions, each with the source of its formula."""
