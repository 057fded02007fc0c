"""What every provider of a kind promises, asked of each of them."""
