"""The operators' side of the pool: machines come in, are wiped, and leave. Each act is in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import VmNotDirty
from generated.models.onboarding import PoolCount, PoolVm, PoolVmState
from generated.tables.onboarding import POOL_VM, PoolVmPatch
from handlers.admin.acts import NO_REASON, Acts
from handlers.vms import statements
from handlers.vms.pool_file import Machine, PoolFileWrong
from handlers.work.alerts import clear

HELD = (PoolVmState.CLAIMED, PoolVmState.USED)


class Pool:
    """`operator` names who acts where they did not call: the command line."""

    def __init__(self, database: Database, operator: str | None = None) -> None:
        self._database, self._operator = database, operator
        self._store, self._acts = Store.of(POOL_VM, database), Acts(database)
        self._counts = database.prepare(statements.POOL_COUNTS)
        self._all = database.prepare(statements.POOL)

    def counts(self) -> list[PoolCount]:
        """How many machines are in each state, by size."""
        found: dict[str, dict[str, int]] = {}
        for sku, state, count in self._database.execute(self._counts):
            found.setdefault(sku, dict.fromkeys(PoolVmState, 0))[state] = int(count)
        return [PoolCount(sku=sku, **states) for sku, states in found.items()]

    def machines(self) -> list[dict[str, Any]]:
        """All of them with what a host has to do: whether to run, and whose key to let in. JSON values."""
        names = ("sid", "name", "address", "sku", "state", "running", "leaving")
        more = ("state_since", "allocation_sid", "user_sid", "ssh_pub_key")
        rows = [dict(zip((*names, *more), row, strict=True)) for row in self._database.execute(self._all)]
        vms = self._store.get_many([row["sid"] for row in rows])
        shown = []
        for row in rows:
            vm = vms[row["sid"]].model_dump(mode="json")
            held = vm["state"] in HELD
            of_user = {name: row[name] if held else None for name in ("user_sid", "ssh_pub_key")}
            shown.append({name: vm[name] for name in (*names, *more[:2])} | of_user)
        return shown

    # --- acts, each in the caller's transaction ---------------------------------------------------------------

    def wiped(self, context: Context, sid: str, reason: str | None) -> PoolVm:
        """A dirty VM is free again. Raises `NotFound`, `VmNotDirty`."""
        vm = self._locked(sid)
        if vm.state is not PoolVmState.DIRTY:
            raise VmNotDirty
        clear(self._database, context.clock, "pool_empty", vm.sku)
        return self._move(context, "pool_wiped", vm, PoolVmState.FREE, reason or NO_REASON)

    def retire(self, context: Context, sid: str, reason: str) -> PoolVm:
        """It leaves the pool; one that is in use when it is released. Raises `NotFound`, `Conflict`."""
        vm = self._locked(sid)
        if vm.state is PoolVmState.RETIRED:
            raise Conflict("this VM is retired already")
        if vm.state not in HELD:
            return self._move(context, "pool_retire", vm, PoolVmState.RETIRED, reason)
        if vm.leaving:
            return vm
        return self._record(context, "pool_retire", vm, self._store.patch(sid, {"leaving": True}), reason)

    def take_in(self, context: Context, machines: list[Machine], source: str, reason: str) -> int:
        """Add the machines that are not there yet, all or none; how many those were. Raises `PoolFileWrong` for one
        whose name or address is that of another."""
        problems, new = [], []
        for machine in machines:
            named, at = self._store.one({"name": machine.name}), self._store.one({"address": machine.address})
            if named is None and at is None:
                new.append(machine)
            elif named is None or at is None or named.sid != at.sid or named.sku != machine.sku:
                known = named or at
                assert known is not None
                problems.append(
                    f"line {machine.line}: the pool has {known.name} with the address {known.address} and the size "
                    f"{known.sku}"
                )
        if problems:
            raise PoolFileWrong(problems)
        for machine in new:
            self._store.new({"name": machine.name, "address": machine.address, "sku": machine.sku}, context.clock.now())
        for sku in sorted({machine.sku for machine in new}):
            clear(self._database, context.clock, "pool_empty", sku)
        if new:
            arguments = {"machines": [machine.name for machine in new]}
            self._acts.record(context, "vm.pool_import", source[:255], arguments, reason, operator=self._operator)
        return len(new)

    def _locked(self, sid: str) -> PoolVm:
        return self._store.object(self._store.locked(sid, None))

    def _move(self, context: Context, act: str, vm: PoolVm, state: PoolVmState, reason: str) -> PoolVm:
        changes: PoolVmPatch = {
            "state": state,
            "state_since": context.clock.now().replace(microsecond=0),
            "allocation_sid": None,
            "running": state is PoolVmState.FREE,
        }
        return self._record(context, act, vm, self._store.patch(vm.sid, changes), reason)

    def _record(self, context: Context, act: str, before: PoolVm, after: PoolVm, reason: str) -> PoolVm:
        self._acts.record(
            context,
            f"vm.{act}",
            after.sid,
            {},
            reason,
            before=_shown(before),
            after=_shown(after),
            operator=self._operator,
        )
        return after


def _shown(vm: PoolVm) -> Mapping[str, Any]:
    return vm.model_dump(mode="json", include={"name", "state", "leaving", "allocation_sid"})
