"""Clients in Python and TypeScript."""
