"""What tools did, told as findings without a model."""
