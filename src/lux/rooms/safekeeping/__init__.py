"""Safekeeping: backups of the whole installation, made by the clock and tried by restoring them, and the vault's state.

For who runs the installation (`operator`). A backup is one file with the database, the files and the mailbox; keys
are not in it. `lux backup` and `lux restore` are its commands.
"""
