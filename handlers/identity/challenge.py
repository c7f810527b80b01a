"""hero-mycelium-login v1: the sealed challenge, what the login program checks of it, and the response.

A challenge is canonical JSON, sealed to the public key that wants to log in. Whoever opens it proves it by an HMAC over
the text under the secret inside; the text itself never leaves the login program.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from dataclasses import asdict, dataclass

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from handlers.identity.mycelium import address_of

TYPE = "hero-mycelium-login"
VERSION = 1
LIFE = 120
"""Seconds a challenge may be answered."""
MAX_PLAINTEXT = 512
CLOCK_SKEW = 30
"""Seconds by which two clocks may differ: the login program's and ours, or those of two hosts."""
LINK_PATH = "/login/link"
"""Where the site takes the one-time links that the login program prints."""
_CONTEXT = b"hero-mycelium-login/v1/response\x00"


class ChallengeRefused(Exception):
    """The login program does not answer this challenge. One message, whatever was wrong with it."""

    def __init__(self) -> None:
        super().__init__("this challenge cannot be answered with this key for this site")


@dataclass(frozen=True, slots=True)
class Challenge:
    """The text inside. `cid`, `pk`, `secret` are base64url; times are Unix seconds."""

    address: str
    cid: str
    exp: int
    iat: int
    origin: str
    pk: str
    secret: str
    action: str = "login"
    typ: str = TYPE
    v: int = VERSION

    def plaintext(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, plaintext: bytes) -> Challenge:
        """The challenge of a text as `plaintext` writes it; ValueError or TypeError for any other.

        `True` is no 1 here, though Python takes it for one.
        """
        if len(plaintext) > MAX_PLAINTEXT:
            raise ValueError("too long for a challenge")
        challenge = cls(**json.loads(plaintext))
        numbers = (challenge.v, challenge.exp, challenge.iat)
        if any(type(number) is not int for number in numbers) or challenge.plaintext() != plaintext:
            raise ValueError("not a canonical challenge")
        return challenge


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding; ValueError where it is none."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BinasciiError, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if encode(raw) != text:
        raise ValueError("not base64url")
    return raw


def seal(plaintext: bytes, public_key: bytes) -> bytes:
    """Readable only to the holder of the key; 48 bytes longer than the text."""
    return SealedBox(PublicKey(public_key)).encrypt(plaintext)


def response(secret: bytes, plaintext: bytes) -> bytes:
    """The proof: HMAC-SHA256 over the digest of the whole text, 32 bytes."""
    return hmac.digest(secret, _CONTEXT + hashlib.sha256(plaintext).digest(), "sha256")


def answer(sealed: bytes, private_key: bytes, origin: str, now: int) -> str:
    """What the login program returns: the response as base64url, or `ChallengeRefused`.

    It answers only a strictly parsed challenge of the origin it was told, for its own key, in its time.
    """
    key = PrivateKey(private_key)
    public_key = bytes(key.public_key)
    try:
        plaintext = SealedBox(key).decrypt(sealed)
        challenge = Challenge.parse(plaintext)
        secret = decode(challenge.secret)
        sound = (
            len(secret) == 32
            and len(decode(challenge.cid)) == 16
            and (challenge.typ, challenge.v, challenge.action) == (TYPE, VERSION, "login")
            and challenge.origin == origin
            and decode(challenge.pk) == public_key
            and challenge.address == address_of(public_key)
            and challenge.iat - CLOCK_SKEW <= now < challenge.exp
        )
    except (CryptoError, ValueError, TypeError, AttributeError):
        raise ChallengeRefused from None
    if not sound:
        raise ChallengeRefused
    return encode(response(secret, plaintext))
