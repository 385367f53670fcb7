"""What of a model's claims is worth showing."""
