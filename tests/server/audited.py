"""The audit as tests ask for it: everything that the product's domains have to prove."""

from codegen.runtime.storage.database import Database
from generated.models.onboarding import AuditFinding, AuditReport
from handlers.composition import registered_audits
from handlers.ledger import audit as auditing


def audit(database: Database) -> list[AuditFinding]:
    """All that is wrong."""
    return list(auditing.findings(database, registered_audits()))


def report(database: Database) -> AuditReport:
    """What an operator is shown."""
    return auditing.report(database, registered_audits())
