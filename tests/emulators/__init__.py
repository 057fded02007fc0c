"""Stand-ins for the outside world, on real sockets, that can be told to misbehave."""
