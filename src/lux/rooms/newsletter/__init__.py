"""What subscribers themselves see: the unsubscribe page."""
