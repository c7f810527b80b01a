"""Pages of machines."""
