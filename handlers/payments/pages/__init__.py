"""Pages for adding credit."""
