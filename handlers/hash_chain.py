"""What hash chains have in common: canonical JSON, what the first link follows, how a link follows the one before.

A hash is SHA-256 over canonical JSON (RFC 8785: keys sorted, no white space, UTF-8), written as 64 lower-case hex
digits. The JSON object holds the fields of the link with the values that the API shows: money as decimal text in
dollars, times as `2026-05-20T22:03:14Z`, what is absent as null.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

GENESIS = "0" * 64
"""What stands before the first link of a chain."""

Shown = Mapping[str, Any]
"""An object as the API answers it; times may still be `datetime`."""


def canonical(fields: Shown) -> bytes:
    """The bytes that are hashed. Values are flat, or have their keys sorted already."""
    return to_json(dict(sorted(fields.items())))


def digest(fields: Shown) -> str:
    """The hash of these fields."""
    return sha256(canonical(fields)).hexdigest()


def breaks(before: Shown, link: Shown) -> Iterator[str]:
    """How a link does not follow the one before it."""
    if link["position"] != before["position"] + 1:
        yield f"it follows position {before['position']}: there is a gap"
    if link["previous_hash"] != before["hash"]:
        yield "its previous_hash is not the hash of the one before it"
