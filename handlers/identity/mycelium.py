"""Mycelium keys and addresses: 32 bytes of X25519, and the overlay address that follows from them."""

from __future__ import annotations

import ipaddress

from blake3 import blake3
from nacl.bindings import crypto_scalarmult
from nacl.exceptions import CryptoError

KEY_BYTES = 32
_PRIME = 2**255 - 19


class KeyRefused(ValueError):
    """The bytes are no key that may log in: wrong length, not canonical, or of low order."""


def check_public_key(key: bytes) -> bytes:
    """The key itself, or `KeyRefused`.

    A key has a twin that the same private key opens (top bit set) and that has another address: only the canonical
    encoding is taken, so that one key is one identity. Points of low order are nobody's.
    """
    if len(key) != KEY_BYTES or int.from_bytes(key, "little") >= _PRIME:
        raise KeyRefused("not a canonical X25519 public key")
    try:
        crypto_scalarmult(b"\x42" * KEY_BYTES, key)  # libsodium refuses an all-zero shared secret
    except CryptoError:
        raise KeyRefused("a key of low order") from None
    return key


def parse_public_key(text: str) -> bytes:
    """64 hex digits, as `mycelium inspect` prints them; `KeyRefused` for anything else."""
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else b""
    except ValueError:
        key = b""
    return check_public_key(key)


def address_of(public_key: bytes) -> str:
    """BLAKE3 of the key, 16 bytes, the first replaced by 4 + its parity; in RFC 5952 form."""
    digest = bytearray(blake3(public_key).digest(length=16))
    digest[0] = 0x04 | (digest[0].bit_count() & 1)
    return str(ipaddress.IPv6Address(bytes(digest)))


def parse_address(text: str) -> str:
    """An overlay address in its one form; ValueError where it is none (zone ids and mapped addresses too)."""
    if "%" in text:
        raise ValueError("an address with a zone")
    address = ipaddress.IPv6Address(text)
    if address.packed[0] not in (4, 5):
        raise ValueError("not a Mycelium address")
    return str(address)
