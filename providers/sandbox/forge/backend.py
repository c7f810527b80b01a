"""Stock git's own server, `git http-backend`: one request by CGI, in a process that has a limit of time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST = 60.0
"""Seconds that git has for one request."""


@dataclass(frozen=True, slots=True)
class CgiRequest:
    """`path` is below the folder of repositories; `user` is who was let in, to write too."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: str | None


@dataclass(frozen=True, slots=True)
class CgiAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def serve(folder: Path, request: CgiRequest) -> CgiAnswer:
    """What git answers; 504 where it takes too long."""
    process = subprocess.Popen(
        ["git", "http-backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(folder, request),
        start_new_session=True,
    )
    try:
        answer, _ = process.communicate(request.body, LONGEST)
    except subprocess.TimeoutExpired:
        return CgiAnswer(504, [], b"git took too long")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with all that it started
        process.wait()
    return _read(answer)


def _environment(folder: Path, request: CgiRequest) -> dict[str, str]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "REMOTE_ADDR": "127.0.0.1",
    }
    if (encoding := request.headers.get("content-encoding")) is not None:
        environment["HTTP_CONTENT_ENCODING"] = encoding  # git unpacks it; by another name it does not
    if (protocol := request.headers.get("git-protocol")) is not None:
        environment["GIT_PROTOCOL"] = protocol
    if request.user is not None:
        environment["REMOTE_USER"] = request.user
    return environment


def _read(answer: bytes) -> CgiAnswer:
    """Headers up to the first empty line, `Status` among them where it is not 200."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, headers = 200 if head else 500, list[tuple[str, str]]()
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name:
            headers.append((name, value.strip()))
    return CgiAnswer(status, headers, body)
