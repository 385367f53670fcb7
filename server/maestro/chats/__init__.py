"""Chats as they are kept."""
