"""Places in a text while it changes."""
