"""The nouns that cross walls: acts, permits, receipts, provider errors, contributions and storage."""
