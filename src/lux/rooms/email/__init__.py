"""E-mail campaigns: write, check, test, submit, watch them leave, and see how they did."""
