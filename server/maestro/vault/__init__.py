"""Credentials sealed for the rows they lie in, and where the key to them is."""
