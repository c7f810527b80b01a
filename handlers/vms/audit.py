"""Audit of machines: quotas count the machines there are; allocations and the pool say the same of each other.

While a machine is followed up (`next_check_at`), its provisioner may be behind or ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from generated.models.onboarding import AuditFinding
from handlers.audit import Audit, Carry
from handlers.vms import statements

LIVE = ("provisioning", "active")
HELD = ("claimed", "used")
POOL = "pool"
"""The provisioner that keeps the table `pool_vm`."""


def _quotas(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, user_sid, used, live in rows:
        if (used or 0) != live:
            detail = f"vm_quota_used of user {user_sid} is {used}, and {live} machines are live"
            yield AuditFinding(check="quota", subject=sid, detail=detail)


def _pool(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, name, state, allocation, running, provider, status, due, stopped in rows:
        for wrong in _of_vm(state, allocation, bool(running), provider, status, due is not None, stopped is not None):
            yield AuditFinding(check="pool", subject=sid, detail=f"VM {name} is {state}, and {wrong}")


def _of_vm(
    state: str, allocation: str | None, running: bool, provider: str | None, status: str, due: bool, stopped: bool
) -> Iterator[str]:
    if allocation is None:
        if state in (*HELD, "dirty"):
            yield "of no allocation"
        return
    if provider != POOL:
        yield f"its allocation {allocation} is of the provisioner {provider}"
    if state == "free":
        yield f"the allocation {allocation} has it"
    elif state in HELD:
        if status not in LIVE and not due:
            yield f"its allocation {allocation} is {status}"
        elif status == "active" and not due and running is stopped:
            yield f"{'runs' if running else 'is stopped'}, and its allocation {allocation} says otherwise"
    elif status in LIVE:
        yield f"its allocation {allocation} is {status}"


def _allocations(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, status, provider, due, address, ref, released, vm, vm_state, vm_address, user_sid, billing in rows:
        live = status in LIVE
        if live and billing is None:
            yield _finding(sid, f"it takes a place of user {user_sid}, who has no billing")
        if live is (released is not None):
            yield _finding(sid, f"it is {status}, and {'has' if live else 'lacks'} the time of its end")
        if status == "provisioning" and due is None:
            yield _finding(sid, "it is provisioned, and nobody follows it up")
        if provider != POOL or status != "active":
            continue
        if vm is None or vm_state != "used":
            yield _finding(sid, "it is active, and no VM of the pool is used for it")
        elif (address, ref) != (vm_address, vm):
            yield _finding(sid, f"it is at {address}, and its VM {vm} at {vm_address}")


def _finding(sid: str, detail: str) -> AuditFinding:
    return AuditFinding(check="machine", subject=sid, detail=detail)


QUOTAS = Audit(name="vms.quotas", statement=statements.QUOTAS_IN_ORDER, judge=_quotas)
POOL_VMS = Audit(name="vms.pool", statement=statements.POOL_IN_ORDER, judge=_pool)
ALLOCATIONS = Audit(name="vms.allocations", statement=statements.ALLOCATIONS_IN_ORDER, judge=_allocations)
