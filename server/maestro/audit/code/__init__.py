"""What code is made of, whatever its language: comments, tokens, definitions, units."""
