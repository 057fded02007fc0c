"""One pure client per provider: declared fields, a harmless probe, and acting verbs that demand a permit."""
