"""Findings for people and machines outside an editor."""
