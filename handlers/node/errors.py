"""What can go wrong on a node; each message says what happened and what to do."""

from __future__ import annotations


class NodeError(Exception):
    """The node cannot do what was asked for."""


class NotANode(NodeError):
    """The folder is not one that `hero-onboarding node init` made."""


class LogDamaged(NodeError):
    """A line that was written whole cannot be read any more."""


class KeyConflict(NodeError):
    """An idempotency key was used before, for other usage."""


class Refused(NodeError):
    """The rule that was given with the usage does not let it be written."""


class NotWritten(NodeError):
    """Usage could not be made durable. It may be appended again, with the same key if it has one: where others wrote at
    the same time it may be there all the same."""
