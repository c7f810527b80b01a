"""What a node gives a forge that asks who it is: a token of the environment, or what an askpass program says.

Neither ever stands in a URL, a file of the repository, a message or a log.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from handlers.node.errors import NodeError

TOKEN = "FORGE_TOKEN"
ASKPASS = "GIT_ASKPASS"
_PATIENCE = 30
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Credentials(NamedTuple):
    """A forge takes a token as the password of any name."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"


def require_plain(url: str) -> None:
    """Raises `NodeError` where an address holds a secret, or would carry one in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http", "file") or parts.query or parts.fragment:
        raise NodeError("the address of a repository begins with https:// or file://, and has no `?` and no `#`")
    if parts.username is not None or parts.password is not None:
        raise NodeError(f"an address holds no credentials; {TOKEN} or {ASKPASS} tell them")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise NodeError("usage is pushed by https, not http, save to this machine")


def credentials_for(url: str, environment: Mapping[str, str] | None = None) -> Credentials | None:
    """What is to be given to the host of `url`; None where nothing is set. Raises `NodeError`."""
    if urlsplit(url).scheme == "file":
        return None
    variables = os.environ if environment is None else environment
    if name := variables.get(f"{TOKEN}_FILE"):
        try:
            return Credentials("node", Path(name).read_text().strip())
        except OSError as error:
            raise NodeError(f"cannot read {TOKEN}_FILE: {error.strerror}") from None
    if token := variables.get(TOKEN):
        return Credentials("node", token)
    if program := variables.get(ASKPASS):
        place = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        username = _asked(program, f"Username for '{place}': ", variables)
        return Credentials(username, _asked(program, f"Password for '{place}': ", variables))
    return None


def _asked(program: str, question: str, environment: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(
            [program, question],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        raise NodeError(f"the program that {ASKPASS} names gives no answer") from None
    return answer.stdout.rstrip("\r\n")
