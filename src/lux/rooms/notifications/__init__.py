"""What a person should know without having to look for it: notices per person, the bell, the list."""
