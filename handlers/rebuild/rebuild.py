"""A rebuild from beginning to end: read one state of the live database, fill the fresh one, and compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from handlers.prices.settings import PriceSettings
from handlers.rebuild import statements
from handlers.rebuild.comparison import Difference, differences
from handlers.rebuild.replay import Replay
from handlers.usage.mirrors import Mirrors

MOST = 1000
"""Differences that are told at most."""


class NotFresh(Exception):
    """The database to rebuild into holds a ledger already."""


@dataclass(slots=True)
class Rebuilt:
    """What came of it. `taken_over` counts transactions by kind whose time was taken from the live ledger."""

    differences: list[Difference] = field(default_factory=list)
    taken_over: dict[str, int] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        return not self.differences

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        told = [asdict(each) for each in self.differences]
        return {"equal": self.equal, "taken_over": self.taken_over, "differences": told}


def rebuild(
    live: Database, fresh: Database, mirrors: Mirrors, prices: PriceSettings, kyc_free_cap: Money, now: datetime
) -> Rebuilt:
    """Rebuild the ledger of `live` in `fresh`, which has the product's tables and no ledger, and compare. Before
    verification `kyc_free_cap` may be paid in all; what is beyond it is held. Nothing was posted later than `now`.

    `live` is only read, in one consistent state. Raises `NotFresh`.
    """
    if fresh.execute(statements.ANY_ENTRY):
        raise NotFresh
    replay = Replay(live, fresh, mirrors, prices, kyc_free_cap)
    with live.transaction(write=False):
        replay.run(now)
        told: Iterator[Difference] = chain(
            (Difference("replay", subject, None, "done", reason) for subject, reason in replay.problems),
            differences(live, fresh),
        )
        return Rebuilt(list(islice(told, MOST)), dict(replay.taken_over))
