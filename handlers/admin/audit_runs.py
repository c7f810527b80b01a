"""Audits that are run: in slices, so that nobody waits for one, with their place kept, so that one may be cut off.

runs = AuditRuns(database, clock, site.audits)
run = runs.begin(AuditStarter.OPERATOR)
while run.finished_at is None:
    run = runs.advance(run, seconds=1)
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from time import monotonic, perf_counter
from typing import Any

from codegen.runtime.context import Clock
from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditFinding, AuditReport, AuditRun, AuditStarter
from generated.tables.onboarding import AUDIT_RUN
from handlers.audit import Audit, Place, batch, start
from handlers.work.alerts import alert, clear

MOST = 1000
"""So many findings a report holds at most; where there are more, all are wrong in the same way."""
EVERY = timedelta(days=1)
SLICE = 1.0
"""Seconds that the job reads before it lets other jobs have their turn."""


class AuditRuns:
    """The audits in a database, each a row. Threads and processes may share it: a run has one who advances it."""

    def __init__(self, database: Database, clock: Clock, audits: Iterable[Audit]) -> None:
        self._database, self._clock = database, clock
        self._audits = tuple(audits)
        self._store = Store.of(AUDIT_RUN, database)

    @property
    def checks(self) -> list[str]:
        """The names of the checks, in their order."""
        return [audit.name for audit in self._audits]

    def begin(self, by: AuditStarter) -> AuditRun:
        """A new run, before its first row."""
        first = self._audits[0]
        return self._store.new(
            {"started_by": by, "check": first.name, "place": _json(start(first)), "findings": []}, self._clock.now()
        )

    def last(self, by: AuditStarter) -> AuditRun | None:
        """The run that was begun last, finished or not."""
        return next(iter(self._store.latest({"started_by": by}, 1)), None)

    def advance(self, run: AuditRun, seconds: float) -> AuditRun:
        """Go on with a run for so long, at least a batch, and keep where it is.

        Raises `Conflict` where somebody else went on with it.
        """
        until = monotonic() + seconds
        findings, entries = list(run.findings), int(run.entries)
        index, place = self._position(run)
        while index < len(self._audits):
            audit = self._audits[index]
            done = batch(self._database, audit, place)
            findings = (findings + done.findings)[:MOST]
            entries += done.rows if audit.counts_entries else 0
            if done.place is not None:
                place = done.place
            else:
                index += 1
                place = start(self._audits[index]) if index < len(self._audits) else place
            if monotonic() >= until:
                break
        finished = index == len(self._audits)
        return self._store.patch(
            run.sid,
            {
                "finished_at": self._clock.now().replace(microsecond=0) if finished else None,
                "check": "" if finished else self._audits[index].name,
                "place": {} if finished else _json(place),
                "entries": entries,
                "findings": findings,
            },
            rev=run.rev,
        )

    def _position(self, run: AuditRun) -> tuple[int, Place]:
        """Where a run goes on: at the first check where its own is not known any more."""
        if run.check not in self.checks:
            return 0, start(self._audits[0])
        return self.checks.index(run.check), Place(tuple(run.place["after"]), dict(run.place["carry"]))

    # --- the daily job ----------------------------------------------------------------------------------------

    def run_once(self) -> int:
        """Read a slice of today's audit; when it is done, raise or clear the alert and say how many rows it proved."""
        run = self.last(AuditStarter.JOB)
        if run is None or run.finished_at is not None:
            # One that seems to be begun after now says only that the clock was set back.
            if run is not None and timedelta(0) <= self._clock.now() - run.started_at < EVERY:
                return 0
            run = self.begin(AuditStarter.JOB)
        with suppress(Conflict):  # another process goes on with it
            run = self.advance(run, SLICE)
        if run.finished_at is None:
            return 0
        if run.findings:
            detail = f"{len(run.findings)} findings, the first: {run.findings[0].check} {run.findings[0].detail}"
            alert(self._database, self._clock, "audit_failed", "audit", detail)
        else:
            clear(self._database, self._clock, "audit_failed", "audit")
        return max(int(run.entries), 1)


def report(database: Database, audits: Iterable[Audit]) -> AuditReport:
    """All checks at once, nothing of it kept."""
    began = perf_counter()
    found: list[AuditFinding] = []
    entries = 0
    for audit in audits:
        place: Place | None = start(audit)
        while place is not None:
            done = batch(database, audit, place)
            found = (found + done.findings)[:MOST]
            entries += done.rows if audit.counts_entries else 0
            place = done.place
    return AuditReport(entries=entries, findings=found, duration_ms=int((perf_counter() - began) * 1000))


def _json(place: Place) -> dict[str, Any]:
    return {"after": list(place.after), "carry": place.carry}
