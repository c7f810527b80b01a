"""Prove the ledger: everything that must hold of what is stored, read anew in one consistent state, in flat memory.

for finding in findings(database, audits):
    print(finding.check, finding.subject, finding.detail)

What must hold, the domains say (`Domain.audits`); the composition root hands it here.
"""

from collections.abc import Iterator, Sequence
from time import perf_counter

from codegen.runtime.storage.database import Database
from generated.models.onboarding import AuditFinding, AuditReport
from handlers.domain import Audit

MOST = 1000
"""So many findings a report holds at most; where there are more, all are wrong in the same way."""


def findings(database: Database, audits: Sequence[Audit]) -> Iterator[AuditFinding]:
    """What is wrong, as it is found; nothing where all holds. Postings go on meanwhile."""
    with database.transaction(write=False):
        for audit in audits:
            yield from audit(database)


def report(database: Database, audits: Sequence[Audit]) -> AuditReport:
    """The audit as an operator is shown it."""
    start = perf_counter()
    found: list[AuditFinding] = []
    for finding in findings(database, audits):
        found.append(finding)
        if len(found) == MOST:
            break
    entries = database.execute("SELECT COUNT(*) FROM ledger_entry")[0][0]
    return AuditReport(entries=entries, findings=found, duration_ms=int((perf_counter() - start) * 1000))
