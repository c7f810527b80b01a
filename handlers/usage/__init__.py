"""Usage: what was consumed of what nodes report, and what users are shown of it."""
