"""The two checksums of ClickPesa's documents, as a reader of those would write them; nothing of the provider's."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

JsonObject = dict[str, Any]


def compact(value: Any) -> str:
    """`JSON.stringify` of a value whose keys are sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def checksum(method: str, key: str, body: JsonObject) -> str:
    """Of a body without its own checksum; `method` is `canonical` or `old`."""
    payload = {name: value for name, value in body.items() if name not in ("checksum", "checksumMethod")}
    if method == "old":
        values = (payload[name] for name in sorted(payload))
        text = "".join(value if isinstance(value, str) else compact(value) for value in values)
    else:
        text = compact(payload)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
