"""`admin.*`: what operators are shown of the house."""

from collections.abc import Sequence

from codegen.runtime.context import Context
from codegen.runtime.rpc.wiring import own_transactions, serves
from generated.models.onboarding import AuditReport
from generated.services.onboarding import AdminService
from handlers.admin.audit_runs import report
from handlers.audit import Audit


@serves(AdminService)
class AuditHandler:
    """The part of `AdminService` that proves what is stored."""

    def __init__(self, audits: Sequence[Audit]) -> None:
        self._audits = audits

    @own_transactions
    def audit(self, context: Context) -> AuditReport:
        """Prove the ledger, and what belongs to it."""
        return report(context.database, self._audits)
