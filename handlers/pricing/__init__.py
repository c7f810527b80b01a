"""What usage costs: pure rules."""
