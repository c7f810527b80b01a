"""Plans on offer, and what users bought."""
