"""OpenAI over the Responses API."""
