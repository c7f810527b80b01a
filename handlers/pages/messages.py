"""What pages say after a form: from the slug in the address (`?error=`, `?event=`) to a sentence.

Every sentence says what happened and what to do. Here are those of every page; domains bring their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handlers.domain import Pages, Tone


class Message(NamedTuple):
    """A sentence and its colour."""

    tone: Tone
    text: str


ERRORS = {
    "conflict": "Somebody else is doing the same right now. Wait a moment and look again.",
    "not_found": "That is not there (any more).",
    "forbidden": "That is not allowed here.",
    "rate_limited": "Too many tries in a short time. Wait a few minutes, then try again.",
    "form_expired": "That form had grown old, so nothing was done. Send it again.",
    "bad_origin": "The form came from another site, so nothing was done. Open the page here and try again.",
    "busy": "We cannot answer at the moment. Try again in a minute.",
    "internal": "Something broke on our side. Try again.",
}


class Messages:
    """The sentences of a site."""

    def __init__(self, offered: Sequence[Pages]) -> None:
        self._errors = {slug: Message("bad", text) for slug, text in ERRORS.items()}
        self._events: dict[str, Message] = {}
        for pages in offered:
            self._errors |= {slug: Message("bad", text) for slug, text in pages.errors.items()}
            self._events |= {slug: Message(tone, text) for slug, (tone, text) in pages.events.items()}

    def error(self, slug: str) -> Message | None:
        """The sentence of an error; None for a slug that no domain knows."""
        return self._errors.get(slug)

    def of(self, error: str | None, event: str | None) -> Message | None:
        """The sentence for what an address carries; an unknown slug says nothing."""
        return self._errors.get(error or "") or self._events.get(event or "")
