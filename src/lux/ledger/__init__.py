"""Append-only facts: what happened to whom, when, through what; and the one audit chain."""
