"""ClickPesa's part: tokens, checkout links with a hosted page, pushes with a phone, webhooks signed in the body."""
