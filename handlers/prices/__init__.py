"""The price book, and the job that keeps the discount tiers which are shown."""
