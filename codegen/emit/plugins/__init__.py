"""The interfaces that plugins implement."""
