"""Signing in by OAuth: one login for every provider, whose modules only say what is theirs."""
