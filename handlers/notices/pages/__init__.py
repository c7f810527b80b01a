"""Pages of notices and of settings."""
