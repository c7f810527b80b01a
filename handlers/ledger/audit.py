"""Prove the ledger: everything that must hold of what is stored, read anew in one consistent state, in flat memory.

for finding in findings(database):
    print(finding.check, finding.subject, finding.detail)
"""

from collections.abc import Iterator
from time import perf_counter

from codegen.runtime.storage.database import Database
from generated.models.onboarding import AuditFinding, AuditReport
from handlers.ledger import audit_balances, audit_chain, audit_payments

CHECKS = (
    audit_chain.entries,
    audit_chain.transactions,
    audit_chain.acts,
    audit_balances.accounts,
    audit_balances.billings,
    audit_payments.top_ups,
    audit_payments.postings,
)
MOST = 1000
"""So many findings a report holds at most; where there are more, all are wrong in the same way."""


def findings(database: Database) -> Iterator[AuditFinding]:
    """What is wrong, as it is found; nothing where all holds. Postings go on meanwhile."""
    with database.transaction(write=False):
        for check in CHECKS:
            yield from check(database)


def audit(database: Database) -> list[AuditFinding]:
    """All that is wrong."""
    return list(findings(database))


def report(database: Database) -> AuditReport:
    """The audit as an operator is shown it."""
    start = perf_counter()
    found: list[AuditFinding] = []
    for finding in findings(database):
        found.append(finding)
        if len(found) == MOST:
            break
    entries = database.execute("SELECT COUNT(*) FROM ledger_entry")[0][0]
    return AuditReport(entries=entries, findings=found, duration_ms=int((perf_counter() - start) * 1000))
