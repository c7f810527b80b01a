"""What generated tests lean on: conformance kits, round trips, strategies."""
