"""Facts that leave as they happen: subscriptions under a person's yes, fed from the ledger by cursor."""
