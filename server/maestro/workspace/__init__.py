"""The workspace: the one way to its files."""
