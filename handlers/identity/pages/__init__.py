"""Pages of the login and of sessions."""
