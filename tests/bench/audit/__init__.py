"""What an audit is worth: where findings are put, how they stay right, what models get wrong, what fixes do."""
