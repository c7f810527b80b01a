"""The audit as tests ask for it: everything that the product's domains have to prove."""

from codegen.runtime.storage.database import Database
from generated.models.onboarding import AuditFinding
from handlers.audit import findings
from handlers.composition import registered_audits


def audit(database: Database) -> list[AuditFinding]:
    """All that is wrong."""
    return list(findings(database, registered_audits()))
