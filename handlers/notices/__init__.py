"""Notices: where users read them, what they want to be told, and notices as messages to their own nodes."""
