"""`@idempotent(param)`: with the same key a caller's call is done once, and ever after has the same outcome.

Key, digest of the other arguments and outcome are a row of `idempotent_calls`. Other arguments with the same key are a
`Conflict`. Of two calls at the same time one runs, and the other waits for its outcome.

- A method inside a transaction writes its row, what it does and its outcome in that one transaction. An error or a
  crash takes the row with it: nothing was done, and the key is free.
- A method that begins its transactions itself (`own_transactions`) is told from another attempt at the same by a lease:
  the row is written before it runs, the outcome behind it. In between it makes things under `context.call.begin()`, and
  goes on with them when the row has no outcome yet. An error is an outcome where the method said so (`decide`); any
  other error leaves the row for the next attempt, or takes it away where nothing was begun.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import RUNTIME_ERRORS, Busy, Conflict, DeclaredError, raised
from codegen.runtime.rpc.answers import as_json
from codegen.runtime.rpc.method import Method
from codegen.runtime.storage.faults import Duplicate, Restart, Unavailable
from codegen.runtime.values.sid import new_sid

LEASE = 60
"""Seconds after which an attempt that was cut off may be made again."""
WAIT = 10.0
"""Seconds that a call waits for another with the same key."""
PAUSE = 0.05

FIND = """SELECT method, arguments_hash, sid, leased_until, result, error FROM idempotent_calls
    WHERE caller = ? AND key_hash = ?"""
INSERT = """INSERT INTO idempotent_calls
    (caller, key_hash, method, arguments_hash, sid, called_at, begun, leased_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
LEASED = "UPDATE idempotent_calls SET leased_until = ? WHERE caller = ? AND key_hash = ? AND method = ?"
BEGUN = "UPDATE idempotent_calls SET begun = ? WHERE caller = ? AND key_hash = ? AND method = ?"
SUCCEEDED = """UPDATE idempotent_calls SET result = ?
    WHERE caller = ? AND key_hash = ? AND method = ? AND result IS NULL AND error IS NULL"""
FAILED = """UPDATE idempotent_calls SET error = ?
    WHERE caller = ? AND key_hash = ? AND method = ? AND result IS NULL AND error IS NULL"""
DELETE_UNUSED = """DELETE FROM idempotent_calls
    WHERE caller = ? AND key_hash = ? AND method = ? AND begun = ? AND result IS NULL AND error IS NULL"""


def perform(method: Method, context: Context, values: dict[str, Any]) -> bytes:
    """Call a method with validated parameters in its transaction; its result as JSON.

    The result is encoded inside, while what it reads is still consistent.
    """
    if method.idempotent is not None and not method.safe and values.get(method.idempotent) is not None:
        return _Attempt(method, context, values).outcome()
    if method.transaction == "none":
        return method.encode(method.call(context, values))
    return context.database.run(lambda: method.encode(method.call(context, values)), method.transaction == "write")


class _Row(NamedTuple):
    """What is known of a key."""

    method: str
    arguments_hash: str
    sid: str
    leased_until: int
    result: str | None
    error: str | None

    @property
    def open(self) -> bool:
        return self.result is None and self.error is None


class _Attempt:
    """One call with a key."""

    def __init__(self, method: Method, context: Context, values: dict[str, Any]) -> None:
        assert method.idempotent is not None
        self.method, self.context, self.values = method, context, values
        self.database = context.database
        self.caller = _principal(context.caller)
        self.key_hash = _digest(to_json(values[method.idempotent]))
        others = {name: value for name, value in method.arguments(values).items() if name != method.idempotent}
        self.arguments_hash = _digest(json.dumps(others, sort_keys=True, separators=(",", ":")).encode())

    def outcome(self) -> bytes:
        """The result as JSON. Raises the error that is the outcome, and whatever the method raises."""
        return self._in_steps() if self.method.transaction == "none" else self.database.run(self._at_once)

    def _at_once(self) -> bytes:
        row = self._find() or self._insert(0)
        if not row.open:
            return self._again(row)
        return self._keep(row, self._call(row))

    def _in_steps(self) -> bytes:
        row, mine = self._take()
        if not mine:
            return self._again(row)
        try:
            result = self._call(row)
        except Exception:
            with suppress(Unavailable):  # the lease ends by itself
                self.database.run(lambda: self._let_go(row))
            raise
        return self.database.run(lambda: self._keep(row, result))

    def _call(self, row: _Row) -> bytes:
        self.context.call = _Call(self, row)
        return self.method.encode(self.method.call(self.context, self.values))

    def _again(self, row: _Row) -> bytes:
        """The outcome of a call that is over."""
        if row.result is not None:
            return row.result.encode()
        assert row.error is not None
        kept = from_json(row.error)
        for kind in (*self.method.errors, *RUNTIME_ERRORS):
            if issubclass(kind, DeclaredError) and kind.slug == kept["slug"]:
                raise raised(kind, kept["message"], kept["data"])
        raise Conflict(f"this key was used, and the answer was {kept['message']!r}")

    # --- the row ----------------------------------------------------------------------------------------------

    def _find(self) -> _Row | None:
        """Raises `Conflict` for other arguments."""
        names = (self.method.name, *self.method.aliases)  # it may have been called otherwise when the key was used
        for row in map(_Row._make, self._execute(FIND)):
            if row.method in names:
                if row.arguments_hash != self.arguments_hash:
                    raise Conflict("this key was used with other arguments")
                return row
        return None

    def _insert(self, leased_until: int) -> _Row:
        row = _Row(self.method.name, self.arguments_hash, new_sid(), leased_until, None, None)
        values = (row.method, row.arguments_hash, row.sid, self._now(), False, leased_until)
        try:
            self._execute(INSERT, *values)
        except Duplicate as error:
            raise Restart("the same key came at the same time") from error
        return row

    def _take(self) -> tuple[_Row, bool]:
        """The row, and whether it is for this attempt to run the method. Raises `Busy` where another one goes on."""
        until = time.monotonic() + WAIT
        row = self._find()  # polled without a transaction, which would keep writers waiting
        while row is None or row.open:
            if row is None or not self._now() < row.leased_until <= self._now() + LEASE:
                row, mine = self.database.run(self._lease)
                if mine:
                    return row, True
                continue
            if time.monotonic() > until:
                raise Busy("a call with the same key is under way; try again", retry_after=LEASE // 10)
            time.sleep(PAUSE)
            row = self._find()
        return row, False

    def _lease(self) -> tuple[_Row, bool]:
        now = self._now()
        row = self._find()
        if row is None:
            return self._insert(now + LEASE), True
        # A lease that ends later than one that begins now is of a clock that was set back.
        if not row.open or now < row.leased_until <= now + LEASE:
            return row, False
        self._change(LEASED, row, now + LEASE)
        return row, True

    def _let_go(self, row: _Row) -> None:
        """Nothing was begun: the key is free. Otherwise the next attempt need not wait."""
        self._execute(DELETE_UNUSED, row.method, False)
        self._change(LEASED, row, 0)

    def _keep(self, row: _Row, result: bytes) -> bytes:
        """Keep the outcome; that of another attempt where one was quicker."""
        if self._change(SUCCEEDED, row, result.decode()):
            return result
        kept = self._find()
        if kept is None:  # another attempt found nothing begun
            self._insert(0)
            return self._keep(row, result)
        return self._again(kept)

    def _execute(self, sql: str, *values: Any) -> list[Any]:
        return self.database.execute(self.database.prepare(sql), (self.caller, self.key_hash, *values))

    def _change(self, sql: str, row: _Row, value: Any) -> int:
        return self.database.change(self.database.prepare(sql), (value, self.caller, self.key_hash, row.method))

    def _now(self) -> int:
        return int(self.context.clock.now().timestamp())

    # --- what the method is given ---------------------------------------------------------------------------------

    def begun(self, row: _Row) -> None:
        if not self._change(BEGUN, row, True):
            raise Unavailable("another attempt has taken the key away", Busy())

    def failed(self, row: _Row, error: DeclaredError) -> None:
        kept = {"slug": error.slug, "message": str(error), "data": error.data()}
        self._change(FAILED, row, as_json(kept).decode())


@dataclass(frozen=True, slots=True)
class _Call:
    """The `KeyedCall` of an attempt."""

    attempt: _Attempt
    row: _Row

    def begin(self) -> str:
        self.attempt.begun(self.row)
        return self.row.sid

    def decide(self, error: DeclaredError) -> None:
        self.attempt.failed(self.row, error)


def _principal(caller: Caller) -> str:
    """Whose key it is. Operators are one: what one of them did, another does not do again with the same key."""
    return caller.scope if caller.scope in ("admin", "public") or caller.sid is None else f"{caller.scope}:{caller.sid}"


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
