"""iDenfy's room in the sandbox."""
