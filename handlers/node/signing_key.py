"""The key that signs a node's commits: Ed25519, in the file format of OpenSSH, so that its own tools read it.

Formats: PROTOCOL.key and PROTOCOL.sshsig of OpenSSH. Texts in them are preceded by their length in four bytes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha512
from pathlib import Path
from secrets import token_bytes

from nacl.signing import SigningKey as Ed25519

from handlers.node.errors import NodeError
from handlers.node.folder import write_new

KIND = b"ssh-ed25519"
_MAGIC = b"openssh-key-v1\0"
_NONE = b"none"
_BLOCK = 8


class SigningKey:
    """A key and whose it is (`comment`, the node's id)."""

    def __init__(self, seed: bytes, comment: str) -> None:
        self._key, self._comment = Ed25519(seed), comment.encode()
        self._public = bytes(self._key.verify_key)
        self._blob = _text(KIND) + _text(self._public)

    @classmethod
    def make(cls, path: Path, comment: str) -> SigningKey:
        """The key in `path`; where there is none, a new one, with its public key beside it (`.pub`)."""
        write_new(path, cls(token_bytes(32), comment)._file())
        key = cls.read(path)
        write_new(path.with_name(f"{path.name}.pub"), f"{key.public}\n".encode())
        return key

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Raises `NodeError` where the file cannot be read or holds another kind of key; no message tells the key."""
        try:
            lines = path.read_text().strip().split("\n")
            seed, comment = _opened(b64decode("".join(lines[1:-1]), validate=True))
        except OSError as error:
            raise NodeError(f"cannot read the key {path}: {error.strerror}") from None
        except (ValueError, NotBase64):
            raise NodeError(f"{path} holds no Ed25519 key of OpenSSH without a passphrase") from None
        return cls(seed, comment.decode("utf-8", "replace"))

    @property
    def public(self) -> str:
        """The public key on one line, as an operator registers it."""
        return f"{KIND.decode()} {b64encode(self._blob).decode()} {self._comment.decode()}"

    def sign(self, message: bytes) -> str:
        """A signature as `ssh-keygen -Y sign -n git` makes it, armored."""
        signed = b"".join(map(_text, (b"git", b"", b"sha512", sha512(message).digest())))
        signature = self._key.sign(b"SSHSIG" + signed).signature
        parts = (self._blob, b"git", b"", b"sha512", _text(KIND) + _text(signature))
        return _armored("SSH SIGNATURE", b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(_text, parts)))

    @property
    def public_bytes(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._public

    def sign_bare(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature, for a message that is none of SSH's and says what it is for."""
        return self._key.sign(message).signature

    def _file(self) -> bytes:
        check = token_bytes(4) * 2
        private = check + _text(KIND) + _text(self._public) + _text(bytes(self._key) + self._public)
        private += _text(self._comment)
        private += bytes(range(1, 1 + -len(private) % _BLOCK))
        head = _MAGIC + _text(_NONE) + _text(_NONE) + _text(b"") + (1).to_bytes(4, "big")
        return f"{_armored('OPENSSH PRIVATE KEY', head + _text(self._blob) + _text(private))}\n".encode()


def _opened(data: bytes) -> tuple[bytes, bytes]:
    """The seed and the comment of a private key. Raises `ValueError`."""
    if not data.startswith(_MAGIC):
        raise ValueError
    cipher, rest = _cut(data[len(_MAGIC) :])
    for _ in range(2):  # how the key for the cipher is derived, and from what
        _, rest = _cut(rest)
    if cipher != _NONE or rest[:4] != (1).to_bytes(4, "big"):
        raise ValueError
    _, rest = _cut(rest[4:])
    private, _ = _cut(rest)
    if private[:4] != private[4:8]:
        raise ValueError
    kind, rest = _cut(private[8:])
    _, rest = _cut(rest)
    secret, rest = _cut(rest)
    comment, _ = _cut(rest)
    if kind != KIND or len(secret) != 64:
        raise ValueError
    return secret[:32], comment


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """The first text of the data, and what follows it."""
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < end:
        raise ValueError
    return data[4:end], data[end:]


def _armored(what: str, data: bytes) -> str:
    coded = b64encode(data).decode()
    lines = [coded[start : start + 70] for start in range(0, len(coded), 70)]
    return "\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----"])
