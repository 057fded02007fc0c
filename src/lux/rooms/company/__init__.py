"""The company itself: its details, brand, members and senders, choosing between companies, the set-up path."""
