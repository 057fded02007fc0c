"""The history of the schema; each revision says what it does."""
