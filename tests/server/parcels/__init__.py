"""A domain that is not ours, of every kind of thing a domain can bring: what `docs/how-to/add-a-domain.md` shows."""
