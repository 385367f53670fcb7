"""What `maestro doctor` looks at, one module per subject."""
