"""What binds services and webhooks to their handlers."""
