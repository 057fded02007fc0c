"""Audiences: static lists and rules over everything known of a contact, compiled to set-based SQL."""
