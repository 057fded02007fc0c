"""People, companies, memberships with a role, server-side sessions."""
