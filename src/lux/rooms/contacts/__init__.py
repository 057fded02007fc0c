"""People: list, page, tags, typed fields, consent with proof, import, export, trash and erasure."""
