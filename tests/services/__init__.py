"""Real servers for tests, each started on a free loopback port and gone when the run ends."""
