"""A stand-in for Forgejo: its API over real repositories, and stock git's own server for them."""
