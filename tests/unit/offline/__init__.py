"""The offline provider."""
