"""Ask a git server for its branches: stock git, with a limit of time, credentials by its environment only."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from contextlib import suppress

from codegen.runtime.errors import NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import GitCredentials

NAME = "git"
TRUSTED = "SSL_CERT_FILE"
"""The variable by which all of us are told whom to believe under https; git has one of its own."""
LONGEST = 30.0
"""Seconds for an answer."""
_MISSING = ("does not appear to be a git repository", "not found", "does not exist", "error: 404")
_CLOSED = ("authentication failed", "could not read username", "error: 401", "error: 403", "access denied")


def branches(url: str, credentials: GitCredentials | None, ref: str = "refs/heads/*") -> dict[str, str]:
    """The commits of the branches that `ref` names, by reference.

    Raises `NotFound`, `ProviderRefused`, `ProviderUnavailable`; no message holds a secret.
    """
    try:
        process = subprocess.Popen(
            ["git", "ls-remote", "--", url, ref],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(credentials),
            start_new_session=True,
        )
    except OSError:
        raise ProviderUnavailable(provider=NAME, detail="the program git is not installed") from None
    try:
        answer, complaint = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise ProviderUnavailable(provider=NAME, detail=f"no answer within {LONGEST:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with all that it started
        process.wait()
    if process.returncode:
        raise _error(complaint.decode(errors="replace").lower())
    pairs = (line.split("\t", 1) for line in answer.decode(errors="replace").splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def _environment(credentials: GitCredentials | None) -> dict[str, str]:
    """No settings but ours, nobody is asked, and nothing is followed to another place."""
    config = {"http.followRedirects": "false", "credential.helper": "", "safe.directory": "*"}
    if credentials is not None:
        pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        config["http.extraHeader"] = f"Authorization: Basic {pair}"
    if TRUSTED in os.environ:
        config["http.sslCAInfo"] = os.environ[TRUSTED]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_ALLOW_PROTOCOL": "file:http:https",
        "GIT_CONFIG_COUNT": str(len(config)),
    }
    for number, (name, value) in enumerate(config.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


def _error(complaint: str) -> Exception:
    """Git has one status for all of it."""
    if any(sign in complaint for sign in _CLOSED):
        return ProviderRefused(provider=NAME, detail="the credentials are missing, or not accepted")
    if any(sign in complaint for sign in _MISSING):
        return NotFound()
    if "certificate" in complaint:
        detail = f"its certificate is not trusted; {TRUSTED} names a file of those that are"
        return ProviderUnavailable(provider=NAME, detail=detail)
    return ProviderUnavailable(provider=NAME, detail="the server cannot be reached")
