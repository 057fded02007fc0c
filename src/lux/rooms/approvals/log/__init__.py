"""The audit chain for people: read and searched in plain words, exported, verified by the clock."""
