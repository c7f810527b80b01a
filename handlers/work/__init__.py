"""Work that nobody waits for: jobs and who runs them, leases, alerts and notices, programs that run together."""
