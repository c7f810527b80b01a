"""Plugins behind generated interfaces: metadata and the registry."""
