"""Start machines for users: for whoever asks, and in order for those who waited."""

from __future__ import annotations

from datetime import timedelta

from codegen.runtime.context import KeyedCall
from codegen.runtime.errors import Conflict, DeclaredError, InvalidParams
from codegen.runtime.http.log import Log
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import AllocationStatus, VmAllocation, WaitingListEntry
from handlers.vms import statements
from handlers.vms.allocations import Allocations
from handlers.vms.follow_up import FollowUp, require_alive
from handlers.vms.provisioners import Provisioners
from handlers.vms.waiting import POOL_EMPTY

REST = timedelta(minutes=5)
"""So long nobody is served with a size after its provisioner failed: each try may leave something behind."""


class Serving:
    def __init__(self, allocations: Allocations, provisioners: Provisioners, follow_up: FollowUp, log: Log) -> None:
        self._allocations, self._provisioners, self._follow_up = allocations, provisioners, follow_up
        self._waiting, self._log = allocations.waiting, log
        self._failed_lately = allocations.database.prepare(statements.FAILED_LATELY)

    def start(self, user_sid: str, sku: str | None, ssh_pub_key: str | None, call: KeyedCall) -> VmAllocation:
        """A machine for who asks; whoever waited before is served first. Raises what `VmService.allocate` declares."""
        self.serve(before=user_sid)
        size = self._allocations.size_of(user_sid)
        none_left = size is not None and self._allocations.begun(size) > 0 and self._left(size) < 1
        return self._start(user_sid, sku, ssh_pub_key, call, None, none_left=none_left)

    def run_once(self) -> int:
        """Serve those who wait; how many were served or passed over."""
        return self.serve()

    def serve(self, before: str | None = None) -> int:
        """Serve those who wait, as far as machines are free, with `before` only those ahead of this user."""
        return sum(self._serve_size(sku, before) for sku in self._waiting.sizes())

    def _serve_size(self, sku: str, before: str | None) -> int:
        done = 0
        if self._rests_now(sku):
            return 0
        for entry in self._waiting.first(sku):
            if entry.user_sid == before or self._left(sku) < 1 or not self._serve(entry):
                break
            done += 1
        if done:
            self._waiting.settle_alert(sku)
        return done

    def _left(self, sku: str) -> int:
        """How many machines are free beyond those that somebody is just asking for: whoever is quicker at the
        provisioner must not take the one of who was first. That is counted first: what is provided meanwhile is free
        no more."""
        begun = self._allocations.begun(sku)
        return self._provisioners.free(sku, self._log) - begun

    def _rests_now(self, sku: str) -> bool:
        """Whoever asked: each process serves who waits, and all of them see what failed. A time that is still to come
        was written before the clock was set back."""
        now = self._allocations.now()
        since, until = int((now - REST).timestamp()), int(now.timestamp())
        return bool(self._allocations.database.execute(self._failed_lately, (sku, POOL_EMPTY, since, until)))

    def _serve(self, entry: WaitingListEntry) -> bool:
        """Whether the next one may be served."""
        try:
            self._start(entry.user_sid, entry.sku, entry.ssh_pub_key, None, entry)
        except PoolEmpty:
            return False
        except AllocationFailed:  # they wait on at their place; others would fare no better
            return False
        except Conflict:  # somebody else serves it
            return True
        except (InvalidParams, DeclaredError) as error:  # refused by their plan, balance or verification
            self._allocations.database.run(lambda error=error: self._waiting.pass_over(entry, str(error)))  # type: ignore[misc]
        return True

    def _start(
        self,
        user_sid: str,
        sku: str | None,
        ssh_pub_key: str | None,
        call: KeyedCall | None,
        entry: WaitingListEntry | None,
        *,
        none_left: bool = False,
    ) -> VmAllocation:
        begun = self._allocations.begin(user_sid, sku, ssh_pub_key, call, entry, none_left=none_left)
        if isinstance(begun, PoolEmpty):
            raise begun
        if begun.status is AllocationStatus.PROVISIONING:
            return self._follow_up.ask(begun.sid, call)
        require_alive(begun)
        return begun
