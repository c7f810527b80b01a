"""Pages of a list: the opaque cursor, and the page itself."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import blake2s
from typing import Generic, TypedDict, TypeVar

from codegen.runtime.errors import InvalidParams

T = TypeVar("T")

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
_DIGEST = 6


class Page(TypedDict, Generic[T]):
    """Items in the order of their sids; `next_cursor` asks for those that follow, None when none do."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(sid: str, listed: str) -> str:
    """A cursor behind `sid` in the list named `listed`; it is no secret, but what it holds may change."""
    raw = sid.encode()
    return urlsafe_b64encode(_digest(raw, listed) + raw).decode().rstrip("=")


def decode_cursor(cursor: str | None, listed: str) -> str:
    """The sid to go on behind: the empty string for no cursor. Raises `InvalidParams` for one that is not ours."""
    if cursor is None:
        return ""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        digest, sid = raw[:_DIGEST], raw[_DIGEST:]
        if sid and digest == _digest(sid, listed) and cursor == encode_cursor(text := sid.decode(), listed):
            return text
    except (NotBase64, ValueError):
        pass
    raise InvalidParams("cursor", "not a cursor of this list; begin again without one", "cursor")


def _digest(raw: bytes, listed: str) -> bytes:
    return blake2s(raw, digest_size=_DIGEST, key=blake2s(listed.encode()).digest()).digest()
