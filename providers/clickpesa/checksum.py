"""ClickPesa's two checksums over JSON, and JSON read so that numbers keep the text that was signed: pure.

The canonical one is HMAC-SHA256 over compact JSON with sorted keys, as JavaScript writes it. The old one is over the
values of the top level, in the order of their keys, without a separator.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any, NoReturn

JsonObject = dict[str, Any]
FIELDS = ("checksum", "checksumMethod")
"""What a body says of its own checksum, and what is not signed."""


class Number(str):
    """A number as it was written: JavaScript writes `100`, where Python would write `100.0`."""


def parsed(body: bytes | str) -> Any:
    """What JSON holds. Raises ValueError for anything else."""
    try:
        return json.loads(body, parse_float=Number, parse_int=Number, parse_constant=_no_json)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _no_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def without_checksum(body: JsonObject) -> JsonObject:
    return {name: value for name, value in body.items() if name not in FIELDS}


def canonical_text(value: Any) -> str:
    """Compact JSON, keys sorted by UTF-16 code units, nothing escaped that need not be."""
    if isinstance(value, dict):
        members = (f"{_string(name)}:{canonical_text(value[name])}" for name in sorted(value, key=_utf16))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical_text, value))}]"
    if isinstance(value, Number):
        return str(value)
    return _string(value)


def _string(value: str | bool | int | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def old_text(value: JsonObject) -> str:
    """The values of the top level, one behind the other; what is nested, as JSON."""
    return "".join(_plain(value[name]) for name in sorted(value, key=_utf16))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else canonical_text(value)


def canonical_bytes(body: JsonObject) -> bytes:
    """What the current checksum is made over. Raises ValueError for text that is no Unicode, or is nested too deep."""
    return _bytes(canonical_text, body)


def old_bytes(body: JsonObject) -> bytes:
    """What the checksum of before 2025 is made over. Raises as `canonical_bytes` does."""
    return _bytes(old_text, body)


def _bytes(text: Callable[[JsonObject], str], body: JsonObject) -> bytes:
    try:
        return text(without_checksum(body)).encode()
    except RecursionError:
        raise ValueError("nested too deep") from None


def digest(key: str, signed: bytes) -> str:
    """64 hexadecimal digits."""
    return hmac.new(key.encode(), signed, "sha256").hexdigest()


def canonical(key: str, body: JsonObject) -> str:
    """The checksum that is current. Raises as `canonical_bytes` does."""
    return digest(key, canonical_bytes(body))


def old(key: str, body: JsonObject) -> str:
    """The checksum of before 2025. Raises as `canonical_bytes` does."""
    return digest(key, old_bytes(body))
