"""Mycelium key files: 32 raw bytes, as the daemon writes them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_bytes

from handlers.identity.mycelium import KEY_BYTES


class KeyFileError(Exception):
    """The file cannot be used; the message names it and nothing of its content."""


def default_path() -> Path:
    """Where the Mycelium daemon keeps its key."""
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/ThreeFold Tech/Mycelium/priv_key.bin"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ThreeFold Tech/Mycelium/priv_key.bin"
    return Path.home() / ".local/share/mycelium/priv_key.bin"


def read_key_file(path: Path) -> bytes:
    """The private key: the first 32 bytes, as the daemon reads it. Raises `KeyFileError`."""
    try:
        with path.open("rb") as file:
            key = file.read(KEY_BYTES)
    except OSError as error:
        raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from None
    if len(key) < KEY_BYTES:
        raise KeyFileError(f"{path} is no Mycelium key file: it has less than {KEY_BYTES} bytes")
    return key


def new_key_file(path: Path) -> bytes:
    """Make a key in a file that only its owner can read, and give it; an existing file is left alone.

    Raises `KeyFileError` where the file exists or cannot be written.
    """
    key = token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
    except OSError as error:
        raise KeyFileError(f"cannot write the key file {path}: {error.strerror}") from None
    return key
