"""Google Gemini over the Generative Language API."""
