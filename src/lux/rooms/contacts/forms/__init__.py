"""Untrusted input of the contacts' pages as typed values."""
