"""What keeps a program from starting that its author or operator can mend."""

from __future__ import annotations


class CannotStart(Exception):
    """A program cannot start as it is; the message says what is wrong and what to do, so no traceback is needed."""
