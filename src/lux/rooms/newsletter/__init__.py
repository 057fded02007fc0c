"""What subscribers themselves see: the subscribe form, the confirmation (double opt-in), the unsubscribe page."""
