"""What many users' postings find, in a statement for all of them: their accounts, their billing, and known keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from codegen.runtime.storage.database import Database
from handlers.ledger import statements
from handlers.ledger.billing import billings
from handlers.ledger.wallet import PARTS


@dataclass(frozen=True, slots=True)
class State:
    """A user's accounts by part, and the values of `Billing` where there is one."""

    balances: dict[Any, int]
    billing: dict[str, Any] | None


class States:
    """Reads the states of users from a database."""

    def __init__(self, database: Database) -> None:
        self._database, self._billings = database, billings(database)
        if database.dialect == "postgresql":
            states, keys = statements.STATES_POSTGRESQL, statements.KNOWN_KEYS_POSTGRESQL
        else:
            states, keys = statements.STATES_SQLITE, statements.KNOWN_KEYS_SQLITE
        self._states, self._keys = database.prepare(states), database.prepare(keys)

    def of(self, users: Sequence[str]) -> dict[str, State]:
        """The state of each user, by sid."""
        return {
            row[0]: State(
                {part: balance or 0 for part, balance in zip(PARTS, row[1:5], strict=True)},
                self._billings.decode(row[5:]) if row[5] is not None else None,
            )
            for row in self._database.execute(self._states, (self._argument(users),))
        }

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of which something was posted."""
        return {row[0] for row in self._database.execute(self._keys, (self._argument(keys),))}

    def _argument(self, texts: Sequence[str]) -> Any:
        return list(texts) if self._database.dialect == "postgresql" else to_json(texts).decode()
