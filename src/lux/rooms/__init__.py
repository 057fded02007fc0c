"""Product areas on one floor; each imports downwards only."""
