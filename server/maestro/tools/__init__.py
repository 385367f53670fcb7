"""Tools a model may call."""
