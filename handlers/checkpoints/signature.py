"""What is signed of a checkpoint: everything it says, so that a root cannot be taken for another day's or size's."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from handlers.hash_chain import Shown, canonical

PREFIX = b"hero-onboarding checkpoint 1\n"
"""So that the signature is none of anything else that the key signs; what follows is canonical JSON."""
SIGNED = ("created_at", "day", "first_position", "last_position", "previous_root", "root")


def signed_bytes(checkpoint: Shown) -> bytes:
    """The bytes under the signature of a checkpoint as the API answers it."""
    return PREFIX + canonical({name: checkpoint[name] for name in SIGNED})


def encoded(value: bytes) -> str:
    return b64encode(value).decode()


def holds(checkpoint: Shown) -> bool:
    """Whether a checkpoint's signature is that of its own `public_key`. Whose key that is, the reader must know."""
    try:
        key = VerifyKey(b64decode(checkpoint["public_key"], validate=True))
        key.verify(signed_bytes(checkpoint), b64decode(checkpoint["signature"], validate=True))
    except (BadSignatureError, NotBase64, ValueError):
        return False
    return True
