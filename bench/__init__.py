"""Measures a whole LUX from outside, as people and their mail servers meet it."""
