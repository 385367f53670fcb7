"""Anthropic over the Messages API."""
