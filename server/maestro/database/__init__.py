"""One SQLite file: its thread, its shapes over time, its backups, and what may go wrong with it."""
