"""From a proposal to an edit that cannot break the file."""
