"""Whether a public SSH key is whole: one that was cut off would start a machine that lets nobody in; pure."""

from __future__ import annotations

from base64 import b64decode

_LENGTH = 4


def is_whole(key: str) -> bool:
    """Whether the data of a key on one line (`authorized_keys`) are what RFC 4253 says: fields, each behind its length
    of four bytes, the first of them the name of its kind."""
    kind, _, rest = key.partition(" ")
    try:
        data = b64decode(rest.partition(" ")[0], validate=True)
    except ValueError:
        return False
    fields: list[bytes] = []
    while len(data) >= _LENGTH:
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
        if end > len(data):
            return False
        fields.append(data[_LENGTH:end])
        data = data[end:]
    return not data and len(fields) > 1 and fields[0] == kind.encode()
