"""What plugins of the product are tested with: a kit for each kind."""
