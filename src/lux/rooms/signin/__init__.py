"""The front door: first owner, sign-in and sign-out, forgotten passwords, invitations, one's own account."""
