"""What operators do: their acts, chained in the audit log, and the routes that are theirs."""
