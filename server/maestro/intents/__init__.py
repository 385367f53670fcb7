"""Intents: declared, assessed, recorded."""
