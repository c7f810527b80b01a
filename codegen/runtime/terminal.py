"""Terminals and pipes that cannot show every character: what they cannot show is written as an escape."""

import sys


def let_all_text_be_written() -> None:
    """Make standard output and error take any text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # tests put streams in place that have none
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
