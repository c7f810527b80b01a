"""Consume what nodes pushed: repositories are fetched side by side and applied by one writer, each by itself.

One that is wrong, or that cannot be reached, stands still; the others go on.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from generated.models.onboarding import (
    AggregateReport,
    GitCredentials,
    HaltReason,
    Node,
    NodeState,
    RepositoryHalt,
)
from handlers.domain import TryLater
from handlers.usage.consumption import Consumed, Consumption, Overtaken
from handlers.usage.halt import Halt
from handlers.usage.mirrors import FETCHERS, FetchFailed, Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.repository import Repositories
from handlers.work.alerts import alert, clear
from handlers.work.leases import Leases

LEASE = timedelta(minutes=5)
"""So long nobody else reads a repository after its reader was killed."""

TURN_COMMITS, TURN_SECONDS = 1000, 60.0
"""After so many commits, or so long, of one repository the others have their turn."""

Progress = Callable[[int, int], None]
"""Told how many repositories of how many are done."""


@dataclass(slots=True)
class Tally:
    """What a run did."""

    commits: int = 0
    records: int = 0
    duplicates: int = 0
    quarantined: int = 0
    balances: int = 0

    def add(self, done: Consumed) -> None:
        self.commits += 1
        self.records += done.records
        self.duplicates += done.duplicates
        self.quarantined += done.quarantined
        self.balances += done.balances


class Aggregator:
    """Reads the registered nodes' repositories through `mirrors`; `credentials` gives what git needs for an address."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        log: Log,
        mirrors: Mirrors,
        consumption: Consumption,
        credentials: Callable[[str], GitCredentials | None] = lambda _: None,
    ) -> None:
        self._database, self._clock, self._log = database, clock, log
        self._mirrors, self._credentials = mirrors, credentials
        self._repositories = Repositories(database, mirrors, consumption)
        self._nodes = Nodes(database, clock, log)

    def run(self, progress: Progress | None = None, turns: int | None = None) -> AggregateReport:
        """Consume everything that is there now, or so much of it as each repository's `turns` come to. Raises
        `Unavailable` where the database is away."""
        began, tally, nodes = perf_counter(), Tally(), list(self._nodes.read_from())
        holder = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        leases = Leases(self._database, self._clock, holder)
        halted: list[RepositoryHalt] = []
        waiting: list[Node] = []
        with ThreadPoolExecutor(FETCHERS, "fetch") as pool:
            fetching = {pool.submit(self._fetched, node): node for node in nodes}
            for done, future in enumerate(as_completed(fetching), 1):
                node = fetching.pop(future)
                if (halt := self._apply(node, future.result, leases, tally, waiting)) is not None:
                    halted.append(halt)
                if progress is not None:
                    progress(done, len(nodes))
        turn = 1
        while waiting and turn != turns:
            turn, these, waiting = turn + 1, waiting, []
            halts = [self._apply(node, partial(self._known_head, node), leases, tally, waiting) for node in these]
            halted += [halt for halt in halts if halt is not None]
        return AggregateReport(
            repositories=len(nodes),
            commits=tally.commits,
            records_consumed=tally.records,
            duplicates=tally.duplicates,
            quarantined=tally.quarantined,
            balances_updated=tally.balances,
            halted=sorted(halted, key=lambda each: each.node_id),
            duration_ms=int((perf_counter() - began) * 1000),
        )

    def run_once(self) -> int:
        """A turn of each repository, as a job; how many commits were consumed. What is left waits for the next poll, so
        that nobody waits for one that has very much."""
        return int(self.run(turns=1).commits)

    def subjects(self) -> Iterable[str]:
        """The nodes whose repositories `consume_one` consumes."""
        return [node.node_id for node in self._nodes.read_from()]

    def consume_one(self, node_id: str) -> int:
        """Consume what one repository holds; how many commits. For workers, of which one at a time has a repository.

        Raises `TryLater` for a repository that cannot be reached, `Unavailable` where the database is away.
        """
        node = self._nodes.get(node_id)
        if node is None or node.state == NodeState.RETIRED:
            return 0
        # All workers are one holder: who takes over from a dead one does not wait for its lease.
        leases, tally = Leases(self._database, self._clock, "workers"), Tally()
        halt = self._apply(node, partial(self._fetched, node), leases, tally)
        if halt is not None and halt.reason == HaltReason.UNREACHABLE:
            raise TryLater(halt.detail)
        return tally.commits

    def _fetched(self, node: Node) -> str | None:
        """The head of a node's branch, brought into our mirror. Raises `FetchFailed`."""
        return self._mirrors.fetch(node.node_id, node.repo_url, node.branch, self._credentials(node.repo_url))

    def _known_head(self, node: Node) -> str | None:
        """The head that was brought by the last fetch."""
        return self._mirrors.fetched(node.node_id, node.branch)

    def _apply(
        self,
        node: Node,
        fetched: Callable[[], str | None],
        leases: Leases,
        tally: Tally,
        waiting: list[Node] | None = None,
    ) -> RepositoryHalt | None:
        """Consume one repository; why it stands still, if it does. With `waiting` for one turn only: there it stands
        then, as it is now, if it has more."""
        failure = f"usage:{node.node_id}"
        try:
            head = fetched()
            if head == node.last_commit and node.state == NodeState.ACTIVE:
                return None
            if not self._consume(node, head, leases, tally, one_turn=waiting is not None) and waiting is not None:
                waiting += filter(None, [self._nodes.get(node.node_id)])
        except Overtaken:
            return None
        except FetchFailed as error:
            halt = Halt(HaltReason.UNREACHABLE, error.detail)
        except Halt as error:
            halt = error
        except Unavailable:
            raise
        except Exception as error:  # a fault of ours: the others go on, and this one is tried again
            self._log.line("aggregation failed", {"node": node.node_id, **described(error)}, "error")
            alert(self._database, self._clock, "job_failed", failure, f"{type(error).__name__}: {error}")
            return None
        else:
            clear(self._database, self._clock, "job_failed", failure)
            return None
        self._nodes.halt(node.node_id, halt)
        return RepositoryHalt(node_id=node.node_id, commit=halt.commit, reason=halt.reason, detail=halt.detail)

    def _consume(self, node: Node, head: str | None, leases: Leases, tally: Tally, one_turn: bool) -> bool:
        """Whether all of it was consumed, or somebody else does.

        PERF: a first commit is consumed without a lease, which would take two transactions more than the commit.
        """
        lease, ends, left = f"usage:{node.node_id}", perf_counter() + TURN_SECONDS, TURN_COMMITS
        if leases.held_by_another(lease, LEASE):
            return True
        finished = True
        try:
            with closing(
                self._repositories.consume(node, head, lambda: left == TURN_COMMITS or leases.take(lease, LEASE))
            ) as commits:
                for done in commits:
                    tally.add(done)
                    left -= 1
                    if one_turn and (left <= 0 or perf_counter() > ends):
                        finished = False
                        break
            self._nodes.resume(node)
        finally:
            if left < TURN_COMMITS:
                leases.release(lease)
        return finished
