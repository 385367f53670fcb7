"""Features for the dispatcher to find: one good module, one broken, the rest missing."""
