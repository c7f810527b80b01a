"""The audit log: each act of an operator, written in the transaction of what it did, chained to the act before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Restart
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import OperatorAct
from generated.tables.onboarding import API_KEY, CHAIN_HEAD, OPERATOR_ACT
from handlers.admin import statements
from handlers.audit import u64
from handlers.hash_chain import GENESIS, Shown, digest

SECRET_BEARER = "admin-secret"
"""The operator's name where it is not known which one used the secret."""
COMMAND_LINE = "command-line"
"""The operator's name where a command was given on the machine itself."""
NO_REASON = "no reason given"
"""What an act says where a call brought no `reason`."""
CHAIN = "operator_act"
"""What the chain is called where its head is kept."""
CHAINED = (
    "act",
    "arguments",
    "occurred_at",
    "operator",
    "position",
    "previous_hash",
    "reason",
    "request_id",
    "sid",
    "subject",
)
"""The fields of an act that its hash covers."""
CHAINED_IF_PRESENT = ("before", "after")
"""Fields that it covers where they are not null: there are acts that were made before these fields."""


def act_hash(act: Shown) -> str:
    """The hash of an act, by which the next one follows it."""
    fields = {name: act[name] for name in CHAINED}
    fields |= {name: act[name] for name in CHAINED_IF_PRESENT if act[name] is not None}
    return digest(fields)


class Acts:
    """The acts in a database. Record them inside the transaction of what was done."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store.of(OPERATOR_ACT, database)
        self._heads = Store.of(CHAIN_HEAD, database)
        self._keys = Store.of(API_KEY, database)
        self._last = database.prepare(statements.LAST_ACT)
        self._last_on = database.prepare(statements.LAST_ACT_ON)
        self._behind = database.prepare(statements.SUBJECTS_OF_ACTS)
        self._keep_head = database.prepare(statements.KEEP_HEAD)

    def last(self, act: str, subject: str) -> tuple[str, dict[str, Any]] | None:
        """The sid and the arguments of the last such act on a subject."""
        rows = self.database.execute(self._last_on, (subject, act))
        return (rows[0][0], json.loads(rows[0][1])) if rows else None

    def end(self) -> int:
        """The position of the last act; 0 before the first."""
        rows = self.database.execute(self._last)
        return int(rows[0][0]) if rows else 0

    def behind(self, position: int, most: int) -> list[tuple[int, str, str]]:
        """Acts behind a position, in their order: position, act, and to what it was done."""
        rows = self.database.execute(self._behind, (u64(self.database, position), most))
        return [(int(row[0]), row[1], row[2]) for row in rows]

    def record(
        self,
        context: Context,
        act: str,
        subject: str,
        arguments: Mapping[str, Any],
        reason: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        operator: str | None = None,
    ) -> OperatorAct:
        """Write down that the caller did `act` (a method's name) to `subject`, why, and what it changed.

        `arguments`, `before` and `after` are JSON values without secrets; `operator` names one who did not call (the
        caller's name otherwise). Raises `Restart` where another act came between.
        """
        rows = self.database.execute(self._last)
        position, previous_hash = rows[0] if rows else (0, GENESIS)
        values: dict[str, Any] = {
            "sid": new_sid(),
            "position": int(position) + 1,
            "operator": operator or self._operator(context),
            "act": act,
            "subject": subject,
            "arguments": _sorted(arguments),
            "before": None if before is None else _sorted(before),
            "after": None if after is None else _sorted(after),
            "reason": reason,
            "request_id": context.request_id,
            "occurred_at": context.clock.now().replace(microsecond=0),
            "previous_hash": previous_hash,
        }
        values["hash"] = act_hash(values)
        try:
            self.store.insert(values)
        except Duplicate as error:
            raise Restart("another act was recorded meanwhile") from error
        self._move_head(values["position"], values["hash"], context)
        return self.store.object(values)

    def _move_head(self, position: int, hash: str, context: Context) -> None:
        if not self.database.change(self._keep_head, (u64(self.database, position), hash)):
            self._heads.new({"chain": CHAIN, "position": position, "hash": hash}, context.clock.now())

    def _operator(self, context: Context) -> str:
        sid = context.caller.sid
        return SECRET_BEARER if sid is None else self._keys.get(sid).name


def _sorted(values: Mapping[str, Any]) -> Any:
    """The same values with their keys in one order, as they are hashed."""
    return json.loads(json.dumps(values, sort_keys=True))
