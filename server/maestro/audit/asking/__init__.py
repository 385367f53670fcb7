"""What is asked about code, and what comes back."""
