"""The verbs of site tracking."""
