"""What shows LUX to people: a sample company and the walk through it."""
