"""What a chat's requests consist of."""
