"""Provider accounts and their secrets: envelope-encrypted, bound to a company, written and never shown."""
