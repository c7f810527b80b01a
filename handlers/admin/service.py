"""`admin.*`: what operators are shown of the house."""

from codegen.runtime.context import Context
from codegen.runtime.rpc.wiring import serves
from generated.models.onboarding import AuditReport
from generated.services.onboarding import AdminService
from handlers.ledger.audit import report


@serves(AdminService)
class AuditHandler:
    """The part of `AdminService` that proves the ledger."""

    def audit(self, context: Context) -> AuditReport:
        """Prove the ledger."""
        return report(context.database)
