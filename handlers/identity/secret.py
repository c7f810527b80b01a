"""Bearer secrets: made at random, shown once, kept as a digest only."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes

API_KEY = "hok_"
"""What API keys begin with, so that people and secret scanners know one when they see it."""
SHOWN = 12
"""Characters of a key that are kept in the clear, to tell keys apart."""


def new_secret(begins: str = "") -> str:
    """32 random bytes as base64url, behind `begins`."""
    return begins + urlsafe_b64encode(token_bytes(32)).decode().rstrip("=")


def digest(secret: str) -> str:
    """What is kept of a secret. It is random and long, so one round of SHA-256 is enough."""
    return sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return compare_digest(one.encode(), other.encode())
