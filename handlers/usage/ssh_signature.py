"""Verify signatures in the format of `ssh-keygen -Y sign`, which git writes into commits: Ed25519 in namespace `git`.

The armored text holds `SSHSIG`, a version, the public key, the namespace, a reserved text, the name of a hash and the
signature. Signed is `SSHSIG`, namespace, reserved text, name of the hash, and the hash of the message; each text is
preceded by its length in four bytes.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

KIND = b"ssh-ed25519"
NAMESPACE = b"git"
_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}


class BadSignature(Exception):
    """The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was read, not verified yet; `key` is the raw public key that it names."""

    key: bytes
    hash: bytes
    reserved: bytes
    signature: bytes

    def verify(self, message: bytes) -> None:
        """Raises `BadSignature` where the key did not sign this message."""
        digest = _HASHES[self.hash](message).digest()
        signed = _MAGIC + b"".join(map(_text, (NAMESPACE, self.reserved, self.hash, digest)))
        try:
            VerifyKey(self.key).verify(signed, self.signature)
        except (BadSignatureError, ValueError):
            raise BadSignature("the signature does not fit the commit") from None


def read_signature(armored: bytes) -> Signature:
    """Take an armored signature apart. Raises `BadSignature`."""
    lines = armored.strip().split(b"\n")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise BadSignature("it is signed in another format than SSH's")
    try:
        reader = _Reader(b64decode(b"".join(lines[1:-1]), validate=True))
    except NotBase64:
        raise BadSignature("the signature is no base64") from None
    if reader.take(len(_MAGIC)) != _MAGIC or reader.take(4) != _VERSION:
        raise BadSignature("the signature has another version")
    key, namespace, reserved, hash_name, signed = (reader.text() for _ in range(5))
    reader.end()
    if namespace != NAMESPACE:
        raise BadSignature("the signature is for something else than git")
    if hash_name not in _HASHES:
        raise BadSignature("the signature names an unknown hash")
    inner = _Reader(signed)
    kind, signature = inner.text(), inner.text()
    inner.end()
    if kind != KIND:
        raise BadSignature("it is signed with another kind of key than Ed25519")
    return Signature(_raw_key(key), hash_name, reserved, signature)


def raw_key(public_key: str) -> bytes:
    """The 32 bytes of an Ed25519 key in the form of an SSH public key. Raises `BadSignature` for any other."""
    parts = public_key.split()
    try:
        if parts[:1] != [KIND.decode()]:
            raise BadSignature("the key is no Ed25519 key")
        return _raw_key(b64decode(parts[1], validate=True))
    except (NotBase64, IndexError):
        raise BadSignature("the key is no SSH public key") from None


def _raw_key(blob: bytes) -> bytes:
    reader = _Reader(blob)
    kind, key = reader.text(), reader.text()
    reader.end()
    if kind != KIND or len(key) != 32:
        raise BadSignature("it is signed with another kind of key than Ed25519")
    return key


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise BadSignature("the signature is cut off")
        self._at += length
        return taken

    def text(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def end(self) -> None:
        if self._at != len(self._data):
            raise BadSignature("something follows the signature")
