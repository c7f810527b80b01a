"""Every call of a program, grouped as clients and documents show them."""
