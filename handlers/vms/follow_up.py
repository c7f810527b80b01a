"""Ask provisioners until the machines are as our rows say: at once, and again by schedule after a crash or silence.

A question is claimed in a transaction, asked outside of any, and its answer written down in another one. Everything
may be asked again; an answer that comes after the row changed changes nothing but when it is asked next.
"""

from __future__ import annotations

from codegen.runtime.context import KeyedCall, KeylessCall
from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.http.log import Log, described
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState, VmAllocation
from generated.plugins.onboarding import Provisioner
from handlers.vms import statements
from handlers.vms.allocations import Allocations
from handlers.vms.provisioners import Provisioners
from handlers.vms.states import CLAIM, PATIENCE, Task, began_at, due_by, pause, task_of
from handlers.vms.waiting import POOL_EMPTY
from handlers.work.alerts import alert, clear, notify

BATCH = 50

Answer = Allocation | DeclaredError | None
"""What a provisioner said: a machine, that it is done (None), or an error; `Exception` where nobody knows."""


class FollowUp:
    def __init__(self, allocations: Allocations, provisioners: Provisioners, log: Log) -> None:
        self._allocations, self._provisioners, self._log = allocations, provisioners, log
        self._database, self._clock = allocations.database, allocations.clock
        self._due = self._database.prepare(statements.DUE)
        self._due_of_user = self._database.prepare(statements.DUE_OF_USER)
        self._wipes = self._database.prepare(statements.WIPES_DUE)

    # --- what is due ------------------------------------------------------------------------------------------

    def run_once(self) -> int:
        """Ask about what is due; how many allocations that were."""
        rows = self._database.execute(self._due, (*due_by(self._clock.now()), BATCH))
        return self._ask_all([sid for (sid,) in rows])

    def of_user(self, user_sid: str) -> int:
        """The same, of one user's machines: at once after a transaction that changed what they are to be."""
        rows = self._database.execute(self._due_of_user, (user_sid, int(self._clock.now().timestamp())))
        return self._ask_all([sid for (sid,) in rows])

    def give_up_disks(self) -> int:
        """End the machines whose disks were kept long enough; how many those were."""
        rows = self._database.execute(self._wipes, (int(self._clock.now().timestamp()), BATCH))
        for (sid,) in rows:
            self._allocations.change(sid, self._expire_of_user)
        return len(rows)

    def _expire_of_user(self, allocation: VmAllocation) -> None:
        """All of a user's that are due, in one transaction: who pays at this moment has all of them back, or none."""
        for each in self._allocations.live_of(allocation.user_sid):
            self._expire(each)

    def _expire(self, allocation: VmAllocation) -> None:
        over = allocation.wipe_at is not None and allocation.wipe_at <= self._clock.now()
        if over and allocation.status is AllocationStatus.ACTIVE:
            self._allocations.end(allocation, AllocationStatus.EXPIRED)
            text = f"The machine at {allocation.address} is gone, and its disk is wiped: its plan ended a week ago."
            notify(self._database, self._clock, allocation.user_sid, "vm_released", f"expired:{allocation.sid}", text)

    def _ask_all(self, sids: list[str]) -> int:
        asked = 0
        silent: set[str] = set()
        for sid in sids:
            if self._allocations.store.get(sid).provider in silent:
                continue  # one that does not answer is not asked fifty times in a row
            asked += 1
            allocation, answered = self._ask(sid, None)
            if not answered:
                silent.add(allocation.provider)
        return asked

    # --- one question -----------------------------------------------------------------------------------------

    def look(self, allocation: VmAllocation) -> ProvisionedState | None:
        """How its provisioner says that it is, changing nothing; None for one that is not there yet.

        Raises `AllocationFailed` where it does not say.
        """
        try:
            return self._provisioners[allocation.provider].status(allocation.sid)
        except AllocationFailed:
            raise
        except NotFound:
            if allocation.status is AllocationStatus.PROVISIONING:
                return None
            raise AllocationFailed(detail="its provisioner does not know this machine") from None
        except Exception as error:
            self._log.line("provisioner failed", {"allocation": allocation.sid, **described(error)}, "error")
            raise AllocationFailed(detail="its provisioner does not answer") from None

    def ask(self, sid: str, call: KeyedCall | None = None) -> VmAllocation:
        """Ask what has to be asked of an allocation now; the allocation as it is then.

        Raises `PoolEmpty` and `AllocationFailed` where it failed by the answer: they are the outcome of the `call`.
        Where nobody knows what happened, it stays as it was, to be asked about again.
        """
        allocation, _ = self._ask(sid, call)
        require_alive(allocation)
        return allocation

    def _ask(self, sid: str, call: KeyedCall | None) -> tuple[VmAllocation, bool]:
        """The allocation as it is then, and whether its provisioner said anything."""
        claimed = self._allocations.change(sid, self._claim)
        if claimed is None:
            return self._allocations.store.get(sid), True
        task = task_of(claimed)
        try:
            answer = self._answer(claimed, task)
        except DeclaredError as error:
            answer = error
        except Exception as error:  # nobody knows what happened
            self._log.line("provisioner failed", {"allocation": sid, "task": task.value, **described(error)}, "error")
            return self._allocations.change(sid, self._unanswered), False
        return self._allocations.change(sid, lambda now: self._learn(now, claimed.rev, task, answer, call)), True

    def _claim(self, allocation: VmAllocation) -> VmAllocation | None:
        """The allocation as it is while we ask; None where nothing is to be asked."""
        if allocation.next_check_at is None:
            return None
        again = self._allocations.now() + CLAIM + pause(allocation.checks)
        return self._allocations.store.patch(allocation.sid, {"next_check_at": again, "checks": allocation.checks + 1})

    def _answer(self, allocation: VmAllocation, task: Task) -> Answer:
        provisioner: Provisioner = self._provisioners[allocation.provider]
        if task is Task.ALLOCATE:
            return provisioner.allocate(
                allocation.sid, allocation.user_sid, allocation.sku, ssh_pub_key=allocation.ssh_pub_key
            )
        if task is Task.RELEASE:
            provisioner.release(allocation.sid)
        elif provisioner.capabilities().stop:  # one that cannot stop machines keeps them running
            act = provisioner.stop if task is Task.STOP else provisioner.start
            act(allocation.sid)
        return None

    # --- what came of it, inside a transaction ----------------------------------------------------------------

    def _learn(
        self, allocation: VmAllocation, rev: int, task: Task, answer: Answer, call: KeyedCall | None
    ) -> VmAllocation:
        if task is Task.ALLOCATE and allocation.status is AllocationStatus.ACTIVE and isinstance(answer, Allocation):
            return allocation  # another question brought the same answer
        if task_of(allocation) is not task:
            # It changed meanwhile: whoever was late may have undone what was done since.
            return self._again(allocation, soon=True)
        if task is Task.ALLOCATE:
            return self._allocated(allocation, answer, call or KeylessCall())
        if answer is None or (task is Task.RELEASE and isinstance(answer, NotFound)):
            if allocation.rev != rev:  # somebody else asks, too: the last word has to be theirs
                return self._again(allocation, soon=True)
            if answer is not None and self._clock.now() < began_at(allocation) + CLAIM:
                # Who asked for it may have died, with their question still under way.
                return self._allocations.store.patch(allocation.sid, {"next_check_at": began_at(allocation) + CLAIM})
            clear(self._database, self._clock, "machine_stuck", allocation.sid)
            return self._allocations.store.patch(allocation.sid, {"next_check_at": None, "checks": 0})
        return self._unanswered(allocation)

    def _allocated(self, allocation: VmAllocation, answer: Answer, call: KeyedCall) -> VmAllocation:
        if isinstance(answer, Allocation):
            if answer.status is AllocationStatus.PROVISIONING:
                known = self._allocations.store.patch(
                    allocation.sid, {"provider_ref": answer.provider_ref, "address": answer.address}
                )
                return self._unanswered(known, coming_up=True)
            if answer.status is AllocationStatus.ACTIVE:
                return self._runs(allocation, answer)
        if isinstance(answer, PoolEmpty):
            call.decide(answer)
            failed = self._allocations.end(allocation, AllocationStatus.FAILED, POOL_EMPTY)
            self._allocations.waiting.wait(
                allocation.user_sid, allocation.sku, allocation.ssh_pub_key, allocation.allocated_at
            )
            return failed
        failure = AllocationFailed(detail=_said(answer))
        call.decide(failure)
        return self._failed(allocation, failure.detail)

    def _runs(self, allocation: VmAllocation, answer: Allocation) -> VmAllocation:
        stop = allocation.stopped_at is not None
        active = self._allocations.store.patch(
            allocation.sid,
            {
                "status": AllocationStatus.ACTIVE,
                "provider_ref": answer.provider_ref,
                "address": answer.address,
                "next_check_at": self._allocations.now() if stop else None,
                "checks": 0,
            },
        )
        self._allocations.waiting.served(active)
        return active

    def _failed(self, allocation: VmAllocation, why: str) -> VmAllocation:
        """Its provisioner is asked to release whatever it made all the same."""
        failed = self._allocations.end(allocation, AllocationStatus.FAILED, why)
        if self._allocations.waiting.put_back(failed):
            return failed
        text = "A machine could not be started, and takes no place in your plan. Start another one."
        notify(self._database, self._clock, allocation.user_sid, "vm_failed", f"failed:{allocation.sid}", text)
        return failed

    def _unanswered(self, allocation: VmAllocation, *, coming_up: bool = False) -> VmAllocation:
        """It is not done, as far as we know. After a day an operator looks, and an awaited machine is given up."""
        if allocation.next_check_at is None:
            return allocation
        task = task_of(allocation)
        if self._clock.now() - began_at(allocation) >= PATIENCE:
            detail = f"{allocation.provider} was asked to {task.value} it {allocation.checks} times"
            alert(self._database, self._clock, "machine_stuck", allocation.sid, detail)
            if task is Task.ALLOCATE:
                return self._failed(allocation, "it did not come up within a day")
        return self._again(allocation, soon=coming_up and allocation.checks <= 1)

    def _again(self, allocation: VmAllocation, *, soon: bool) -> VmAllocation:
        wait = pause(0 if soon else allocation.checks)
        return self._allocations.store.patch(allocation.sid, {"next_check_at": self._allocations.now() + wait})


def require_alive(allocation: VmAllocation) -> None:
    """Raises `PoolEmpty` or `AllocationFailed` for an allocation that failed."""
    if allocation.status is AllocationStatus.FAILED:
        raise PoolEmpty if allocation.failure == POOL_EMPTY else AllocationFailed(detail=allocation.failure or "")


def _said(answer: Answer) -> str:
    if isinstance(answer, AllocationFailed):
        return answer.detail
    return str(answer) if isinstance(answer, DeclaredError) else f"it answered {answer and answer.status.value}"
