"""The product, by hand: each domain implements the service that its schema declares."""
