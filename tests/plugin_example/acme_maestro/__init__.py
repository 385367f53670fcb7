"""Acme: Chat Completions whose requests are signed, which no row of data can say."""
