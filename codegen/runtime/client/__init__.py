"""What generated Python clients lean on."""
