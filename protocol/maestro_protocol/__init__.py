"""Maestro's vocabulary: what editors and the server say to each other. Imports pydantic and nothing of the server."""

PROTOCOL_VERSION = 1
"""The contract version this package describes; negotiated in `initialize`."""
