"""Public SSH keys that were cut off, broken or named wrongly are told before a machine is started with them."""

from base64 import b64encode

import pytest
from nacl.signing import SigningKey

from handlers.vms.ssh_key import is_whole


def field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


KEY = SigningKey(bytes(range(32))).verify_key.encode()
DATA = field(b"ssh-ed25519") + field(KEY)
LINE = b64encode(DATA).decode()


@pytest.mark.parametrize("comment", ["", " me@laptop", " two words"])
def test_a_whole_key(comment: str) -> None:
    assert is_whole(f"ssh-ed25519 {LINE}{comment}")


def test_kinds_with_more_fields() -> None:
    data = field(b"ssh-rsa") + field(b"\1\0\1") + field(b"\0" * 257)
    assert is_whole(f"ssh-rsa {b64encode(data).decode()} me")


@pytest.mark.parametrize("kept", range(len(LINE)))
def test_a_key_that_was_cut_off(kept: int) -> None:
    assert not is_whole(f"ssh-ed25519 {LINE[:kept]} me")


@pytest.mark.parametrize(
    "line",
    [
        f"ssh-rsa {LINE}",
        f"ssh-ed25519 {LINE[:-4]}!AAA",
        f"ssh-ed25519 {b64encode(DATA + b'x').decode()}",
        f"ssh-ed25519 {b64encode(field(b'ssh-ed25519')).decode()}",
        f"ssh-ed25519 {b64encode(field(b'ssh-ed25519') + field(KEY)[:-1]).decode()}",
        "ssh-ed25519",
        "",
    ],
)
def test_other_broken_keys(line: str) -> None:
    assert not is_whole(line)
