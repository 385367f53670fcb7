"""What outlives a request: sessions and their credentials."""
