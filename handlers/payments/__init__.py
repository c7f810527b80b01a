"""Money in: top-ups, webhooks, and the way of a payment to the ledger."""
