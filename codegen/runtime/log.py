"""Structured log lines, one JSON object each; calls cost their thread next to nothing, a writer thread does the rest.

No line holds parameters, results or credentials. Faults are told by kind, first line of their message and frames; of a
validation error only places and rules are told, since its message quotes values.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from codegen.runtime.struct import REDACTED

PAUSE = 0.2
"""Seconds that a line may wait before it is written."""

Write = Callable[[bytes], object]


def to_stderr(lines: bytes) -> None:
    os.write(sys.stderr.fileno(), lines)


class Log:
    """Writes through `write`, in batches; lines of level `error` at once."""

    def __init__(self, write: Write = to_stderr) -> None:
        self._write = write
        self._pending: deque[tuple[float, str, str, Mapping[str, Any]]] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._writer: threading.Thread | None = None
        atexit.register(self.flush)
        os.register_at_fork(after_in_child=self._forked)

    def line(self, event: str, fields: Mapping[str, Any], level: str = "info") -> None:
        """Log `event`; `fields` hold plain values and must not change afterwards."""
        self._pending.append((time(), level, event, fields))
        if level == "error":
            self.flush()
        elif not self._wake.is_set():
            self._wake.set()
            if self._writer is None:
                self._start()

    def flush(self) -> None:
        """Write what waits, in order."""
        with self._lock:
            lines = []
            while self._pending:
                moment, level, event, fields = self._pending.popleft()
                stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
                lines.append(to_json({"time": stamp, "level": level, "event": event, **fields}, fallback=repr))
            if lines:
                self._write(b"\n".join(lines) + b"\n")

    def _start(self) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="log", daemon=True)
                self._writer.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            threading.Event().wait(PAUSE)
            self._wake.clear()
            self.flush()

    def _forked(self) -> None:
        """A child has no writer thread, and the parent writes what waited there."""
        self._pending.clear()
        self._lock, self._wake, self._writer = threading.Lock(), threading.Event(), None


def described(error: BaseException) -> dict[str, Any]:
    """A fault for the log: nothing of the values it was about."""
    if isinstance(error, ValidationError):
        message = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['type']}" for found in error.errors(
            include_url=False, include_context=False, include_input=False))
    else:
        message = str(error).partition("\n")[0]
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    found: dict[str, Any] = {"error": type(error).__name__, "message": message, "frames": frames}
    if error.__cause__ is not None:
        found["cause"] = described(error.__cause__)
    return found


def redacted(value: Any) -> Any:
    """A parameter as the audit log may hold it: fields that the schema calls sensitive are masked, at any depth."""
    if isinstance(value, BaseModel):
        shown = {}
        for name, field in type(value).model_fields.items():
            extra = field.json_schema_extra
            sensitive = isinstance(extra, dict) and extra.get("x-sensitive") is True
            shown[field.alias or name] = REDACTED if sensitive else redacted(getattr(value, name))
        return shown
    if isinstance(value, Mapping):
        return {key: redacted(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(part) for part in value]
    return str(value) if isinstance(value, int) and type(value) not in (int, bool) else value
