"""The same finding, another day: its name, and what people said of it."""
