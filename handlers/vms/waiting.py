"""The waiting list: who asked when no machine was free is served in order when one is."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import VmAllocation, WaitingListEntry
from generated.tables.onboarding import WAITING_LIST_ENTRY, WaitingListEntryNew
from handlers.vms import statements
from handlers.work.alerts import alert, clear, notify

BATCH = 100
TRIES = 12
"""So often a machine may fail for somebody who waits: with the pauses between, an hour."""
POOL_EMPTY = "no machine was free"
"""The failure of an allocation for which no machine was free."""


class WaitingList:
    """An entry waits while it has no `notified_at`: that is written when it is its user's turn."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._store = Store.of(WAITING_LIST_ENTRY, database)
        self._sizes, self._waiting = database.prepare(statements.WAITING_SIZES), database.prepare(statements.WAITING)
        self._waiting_for = database.prepare(statements.WAITING_FOR)
        self._before = database.prepare(statements.WAITING_BEFORE)
        self._failed_since = database.prepare(statements.FAILED_SINCE)

    def of(self, user_sid: str, sku: str) -> WaitingListEntry | None:
        """The entry with which somebody waits for a size."""
        found = self._store.one({"user_sid": user_sid, "sku": sku})
        return found if found is not None and found.notified_at is None else None

    def all_of(self, user_sid: str) -> list[tuple[WaitingListEntry, int]]:
        """What a user waits for, and how many wait before them."""
        found = self._store.find({"user_sid": user_sid}, limit=100)["items"]
        return [(entry, self._ahead(entry)) for entry in found if entry.notified_at is None]

    def before(self, user_sid: str, sku: str) -> int:
        """How many others a free machine of this size is for, before this user."""
        own = self.of(user_sid, sku)
        return self._ahead(own) if own is not None else self.length(sku)

    def length(self, sku: str) -> int:
        return int(self._database.execute(self._waiting_for, (sku,))[0][0])

    def sizes(self) -> list[str]:
        """The sizes of machines that somebody waits for."""
        return [sku for (sku,) in self._database.execute(self._sizes)]

    def first(self, sku: str) -> list[WaitingListEntry]:
        """Those who wait for a size, in order."""
        rows = self._database.execute(self._waiting, (sku, BATCH))
        found = self._store.get_many([sid for (sid,) in rows])
        return list(found.values())

    # --- inside a transaction ---------------------------------------------------------------------------------

    def turn(self, user_sid: str, sku: str, now: datetime) -> None:
        """It is this user's turn: what they wait with, if they do, waits no more."""
        own = self.of(user_sid, sku)
        if own is not None:
            self._store.patch(own.sid, {"notified_at": now})

    def served(self, allocation: VmAllocation) -> None:
        """Tell the user, if the machine is one that they waited for."""
        entry = self._store.one({"user_sid": allocation.user_sid, "sku": allocation.sku})
        if entry is not None and entry.notified_at == allocation.allocated_at:
            text = f"A machine became free and is yours now, at {allocation.address}. You find it on the page Machines."
            notify(self._database, self._clock, allocation.user_sid, "vm_free", f"vm_free:{allocation.sid}", text)

    def wait(self, user_sid: str, sku: str, ssh_pub_key: str | None, turn_at: datetime | None = None) -> None:
        """Put a user on the list, once for each size, and tell an operator. Whose turn it was (`turn_at`), and who got
        nothing all the same, keeps their place."""
        own = self._store.one({"user_sid": user_sid, "sku": sku})
        if own is not None and own.notified_at is not None:
            if own.notified_at == turn_at:
                self._store.patch(own.sid, {"notified_at": None})
            else:
                self._store.delete(own.sid)
                own = None
        if own is None:
            new: WaitingListEntryNew = {"user_sid": user_sid, "sku": sku, "ssh_pub_key": ssh_pub_key}
            self._store.new(new, self._clock.now())
        waiting = self.length(sku)
        alert(self._database, self._clock, "pool_empty", sku, f"no machine is free; {waiting} wait for one")

    def put_back(self, allocation: VmAllocation) -> bool:
        """Who waited for this machine, which its provisioner failed to provide, waits on at their place; whether there
        is somebody. Not after many tries: it may fail for them alone, and others wait behind them."""
        entry = self._store.one({"user_sid": allocation.user_sid, "sku": allocation.sku})
        if entry is None or entry.notified_at != allocation.allocated_at:
            return False
        since = int(entry.created_at.timestamp())
        tried = (allocation.user_sid, allocation.sku, POOL_EMPTY, since)
        if self._database.execute(self._failed_since, tried)[0][0] >= TRIES:
            return False
        self._store.patch(entry.sid, {"notified_at": None})
        detail = f"{allocation.provider} has machines and cannot provide them; {self.length(allocation.sku)} wait"
        alert(self._database, self._clock, "pool_empty", allocation.sku, detail)
        return True

    def pass_over(self, entry: WaitingListEntry, why: str) -> None:
        """A machine is free, and its first user may not have it any more."""
        now = self._clock.now().replace(microsecond=0)
        self._store.patch(entry.sid, {"notified_at": now})
        occasion = f"vm_free:{entry.sid}:{int(entry.created_at.timestamp())}"
        text = f"A machine became free for you, and went to the next in the list: {why}"
        notify(self._database, self._clock, entry.user_sid, "vm_free", occasion, text)

    def leave(self, user_sid: str, entry_sid: str) -> None:
        """Wait no more. Raises `NotFound`."""
        entry = self._store.get(entry_sid)
        if entry.user_sid != user_sid:
            raise NotFound
        self._store.delete(entry_sid)
        self.settle_alert(entry.sku)

    # ---------------------------------------------------------------------------------------------------------------

    def settle_alert(self, sku: str) -> None:
        """Nobody waits any more: an operator need not look."""
        if self.length(sku) == 0:
            clear(self._database, self._clock, "pool_empty", sku)

    def _ahead(self, entry: WaitingListEntry) -> int:
        at = int(entry.created_at.timestamp())
        return int(self._database.execute(self._before, (entry.sku, entry.sid, at, at, entry.sid))[0][0])
