"""Guest reviewers: people outside of a company who look, comment and decide by a personal link."""
