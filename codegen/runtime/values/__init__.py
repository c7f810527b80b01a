"""What generated types are made of: value types, bounds, columns, sids."""
