"""One suite for every provider: what the universal interface promises, whoever answers."""
