"""Structured log lines, one JSON object each; calls cost their thread next to nothing, a writer thread does the rest.

No line holds parameters, results or credentials. Faults are told by kind, first line of their message and frames; of a
validation error only places and rules are told, since its message quotes values.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from multiprocessing.util import Finalize
from time import sleep, time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from codegen.runtime.errors import InvalidParams
from codegen.runtime.values.struct import REDACTED, is_sensitive

PAUSE = 0.02
"""Seconds that a line may wait before it is written. PERF: while a batch is written no call is served, and at full load
five thousand lines had gathered in 0.2 s: calls then waited 6 ms."""

LONGEST, FRAMES, CAUSES = 1000, 40, 5
"""Of a fault so many characters of a text are told, the innermost frames, and causes of causes."""

Write = Callable[[bytes], object]


def to_stderr(lines: bytes) -> None:
    while lines:
        lines = lines[os.write(2, lines) :]


class Log:
    """Writes through `write`, in batches; lines of level `error` at once."""

    def __init__(self, write: Write = to_stderr) -> None:
        self._write = write
        self._pending: deque[tuple[Callable[..., str], tuple[Any, ...]]] = deque()
        """What writes each line that waits, and what it writes it of."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._asleep = True
        self._writer: threading.Thread | None = None
        self._lost = 0
        Finalize(None, self.flush, exitpriority=0)  # worker processes do not run what `atexit` holds
        os.register_at_fork(after_in_child=self._forked)

    def call(self, request_id: str, method: str, scope: str, caller: str | None, code: int, seconds: float) -> None:
        """Log a call: the line that is by far the most frequent."""
        self._pending.append((_call_line, (time(), request_id, method, scope, caller, code, seconds)))
        if self._asleep:
            self._awake()

    def line(self, event: str, fields: Mapping[str, Any], level: str = "info") -> None:
        """Log `event`; `fields` hold plain values and must not change afterwards."""
        self._pending.append((_line, (time(), level, event, fields)))
        if level == "error":
            self.flush()
        elif self._asleep:
            self._awake()

    def flush(self) -> None:
        """Write what waits, in order. Lines that cannot be written are lost: calls go on where nobody reads the log."""
        with self._lock:
            lines = self._texts()
            if not lines:
                return
            # The last line that was begun may be torn: an empty line ends it.
            before = ["", _line(time(), "error", "log lines lost", {"at_most": self._lost})] if self._lost else []
            try:
                self._write("\n".join([*before, *lines, ""]).encode())
                self._lost = 0
            except OSError:
                self._lost += len(lines)

    def _texts(self) -> list[str]:
        """The lines that wait."""
        lines: list[str] = []
        while self._pending:
            write, of = self._pending.popleft()
            lines.append(write(*of))
        return lines

    def _awake(self) -> None:
        self._asleep = False
        if self._writer is None:
            self._start()
        self._wake.set()

    def _start(self) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="log", daemon=True)
                self._writer.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            sleep(PAUSE)
            self._wake.clear()
            self._asleep = True  # before the lines are taken: one that comes now wakes the writer again
            self.flush()

    def _forked(self) -> None:
        """A child has no writer thread, and the parent writes what waited there."""
        self._pending.clear()
        self._lock, self._wake, self._writer, self._asleep = threading.Lock(), threading.Event(), None, True


def _stamp(moment: float) -> str:
    second = int(moment)
    return f"{_second(second)}.{int((moment - second) * 1000):03}+00:00"


@lru_cache(2)  # PERF: lines come many a second, and the date costs more than the rest of one
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _line(moment: float, level: str, event: str, fields: Mapping[str, Any]) -> str:
    said = {"time": _stamp(moment), "level": level, "event": event, **fields}
    try:
        return _json(said)
    except Exception:  # a field that no JSON can hold: half a character, a circle, an object without `repr`
        return _json({name: _printable(value) for name, value in said.items()})


def _json(value: Any) -> str:
    return to_json(value, fallback=_shown, inf_nan_mode="null").decode()


def _printable(value: Any) -> Any:
    try:
        _json(value)
    except Exception:
        return _shown(value)
    return value


def _shown(value: Any) -> str:
    """The `repr` of any object, in ASCII."""
    try:
        text = repr(value)
    except Exception:
        text = f"<a {type(value).__name__} that cannot be printed>"
    return text[:LONGEST].encode("ascii", "backslashreplace").decode()


def _call_line(
    moment: float, request_id: str, method: str, scope: str, sid: str | None, code: int, seconds: float
) -> str:
    """PERF: put together by hand; names of methods and ids of requests are plain, only the caller may need escapes."""
    caller = "null" if sid is None else _json(sid if sid.isascii() else _shown(sid))
    return (
        f'{{"time":"{_stamp(moment)}","level":"info","event":"rpc","request_id":"{request_id}","method":"{method}",'
        f'"scope":"{scope}","caller":{caller},"code":{code},"ms":{seconds * 1000:.3f}}}'
    )


def described(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """A fault for the log: nothing of the values it was about. Never fails, whatever the exception does."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-FRAMES, lookup_lines=False)
    found: dict[str, Any] = {
        "error": type(error).__name__,
        "message": _message(error),
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None and depth < CAUSES:
        found["cause"] = described(error.__cause__, depth + 1)
    return found


def _message(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{found['path']}: {found['rule']}" for found in InvalidParams.of(error).errors)
    try:
        text = str(error)
    except Exception:
        return f"<a {type(error).__name__} whose text cannot be had>"
    return text.partition("\n")[0][:LONGEST].encode("utf-8", "backslashreplace").decode()


def redacted(value: Any) -> Any:
    """A parameter as the audit log may hold it: fields that the schema calls sensitive are masked, at any depth."""
    if isinstance(value, BaseModel):
        shown = {}
        for name, field in type(value).model_fields.items():
            shown[field.alias or name] = REDACTED if is_sensitive(field) else redacted(getattr(value, name))
        return shown
    if isinstance(value, Mapping):
        return {key: redacted(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(part) for part in value]
    return str(value) if isinstance(value, int) and type(value) not in (int, bool) else value
