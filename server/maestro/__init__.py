"""Maestro: one editor backend for every AI provider a developer has."""

__version__ = "0.1.0"
