"""How the company's messages leave: accounts at providers with their secrets, tested by one real call."""
