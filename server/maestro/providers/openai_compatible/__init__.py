"""Services that speak OpenAI's Chat Completions: each one is a row of data."""
