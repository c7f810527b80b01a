"""The audit log: each act of an operator, written in the transaction of what it did, chained to the act before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.storage.database import Database, Duplicate, Restart
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import OperatorAct
from generated.tables.onboarding import API_KEY, OPERATOR_ACT
from handlers.hash_chain import GENESIS, Shown, digest

SECRET_BEARER = "admin-secret"
"""The operator's name where it is not known which one used the secret."""


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


def act_hash(act: Shown) -> str:
    """The hash of an act, by which the next one follows it."""
    return digest({name: act[name] for name in CHAINED})


class Acts:
    """The acts in a database. Record them inside the transaction of what was done."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store.of(OPERATOR_ACT, database)
        self._keys = Store.of(API_KEY, database)
        self._last = database.prepare("SELECT position, hash FROM operator_act ORDER BY position DESC LIMIT 1")

    def record(
        self, context: Context, act: str, subject: str, arguments: Mapping[str, Any], reason: str
    ) -> OperatorAct:
        """Write down that the caller did `act` (a method's name) to `subject`, and why.

        `arguments` are JSON values without secrets. Raises `Restart` where another act came between.
        """
        rows = self.database.execute(self._last)
        position, previous_hash = rows[0] if rows else (0, GENESIS)
        values: dict[str, Any] = {
            "sid": new_sid(),
            "position": int(position) + 1,
            "operator": self._operator(context),
            "act": act,
            "subject": subject,
            "arguments": json.loads(json.dumps(arguments, sort_keys=True)),
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
        return self.store.object(values)

    def _operator(self, context: Context) -> str:
        sid = context.caller.sid
        return SECRET_BEARER if sid is None else self._keys.get(sid).name
