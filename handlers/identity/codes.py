"""Codes that a person reads on one screen and types on another, and the text they come in."""

from __future__ import annotations

import hmac
from base64 import b32encode
from datetime import datetime
from secrets import token_bytes

TOPIC = "hero.login"
_CONTEXT = b"hero-mycelium-login/v1/code\x00"


def new_code() -> str:
    """50 random bits: ten letters and digits, a dash in the middle."""
    letters = b32encode(token_bytes(10)).decode()[:10]
    return f"{letters[:5]}-{letters[5:]}"


def code_proof(code: str, pre: str) -> str:
    """What a typed code is worth in the browser with the cookie `pre`, however it was typed.

    A code alone is short enough to be guessed from a digest; together with the browser's secret it is not.
    """
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hmac.digest(pre.encode(), _CONTEXT + plain.encode(), "sha256").hex()


def code_text(code: str, origin: str, now: datetime) -> str:
    """The message to the key's holder: it names the site and the time, for codes are asked for by strangers too."""
    return (
        f"Hero login to {origin} at {now:%Y-%m-%d %H:%M} UTC. Code: {code}. Type it only on {origin}. "
        "If you did not ask, ignore."
    )
