"""The trash over all rooms: what was thrown away, bring it back, remove it for good, and the clock that empties it."""
