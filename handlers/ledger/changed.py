"""Whose balance or state changed, in the order in which it did: for programs that follow many users by one question."""

from __future__ import annotations

from typing import NamedTuple

from codegen.runtime.storage.database import Database
from handlers.admin.acts import Acts
from handlers.audit import u64
from handlers.ledger import statements
from handlers.ledger.entry_rows import EntryRows
from handlers.ledger.freezing import FREEZE


class Mark(NamedTuple):
    """How far somebody has read: a place in the chain of the ledger and one in that of operators' acts."""

    entry: int
    act: int


class Changed(NamedTuple):
    """Users, each once, and how far that is; whether there is more behind it."""

    users: tuple[str, ...]
    mark: Mark
    more: bool


class ChangedUsers:
    """Reads who changed in a database. Both chains are written one after the other, so that nobody is missed."""

    def __init__(self, database: Database) -> None:
        self._database, self._acts = database, Acts(database)
        self._entries = database.prepare(statements.OWNERS_OF_ENTRIES)
        self._rows = EntryRows(database)

    def now(self) -> Mark:
        """The place behind all that has happened."""
        return Mark(self._rows.end(), self._acts.end())

    def since(self, mark: Mark, most: int) -> Changed:
        """Who changed behind a place, by what `most` entries and as many acts tell."""
        entries = self._database.execute(self._entries, (u64(self._database, mark.entry), most))
        acts = self._acts.behind(mark.act, most)
        owners = [row[1] for row in entries if row[1] is not None]
        frozen = [subject for _, act, subject in acts if act == FREEZE]
        read = Mark(int(entries[-1][0]) if entries else mark.entry, acts[-1][0] if acts else mark.act)
        return Changed(tuple(dict.fromkeys([*owners, *frozen])), read, most in (len(entries), len(acts)))
