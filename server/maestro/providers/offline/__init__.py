"""A provider inside this process: no key, no network, no model, and honest about it."""
