"""`admin.*`: what operators are shown of the house, and which alerts they take down."""

from collections.abc import Sequence

from codegen.runtime.context import Context
from codegen.runtime.errors import NotFound
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AlertKind, AuditReport
from generated.services.onboarding import AdminService
from generated.tables.onboarding import OPERATOR_ALERT
from handlers.admin.acts import Acts
from handlers.admin.audit_runs import report
from handlers.audit import Audit
from handlers.work.alerts import clear


@serves(AdminService)
class AuditHandler:
    """The part of `AdminService` that proves what is stored."""

    def __init__(self, audits: Sequence[Audit]) -> None:
        self._audits = audits

    @own_transactions
    def audit(self, context: Context) -> AuditReport:
        """Prove the ledger, and what belongs to it."""
        return report(context.database, self._audits)


@serves(AdminService)
class AlertHandler:
    """The part of `AdminService` that takes alerts down."""

    def dismiss_alert(self, context: Context, *, kind: AlertKind, subject: str, reason: str) -> None:
        """Take an alert down; its cause raises it anew."""
        found = Store.of(OPERATOR_ALERT, context.database).find({"kind": kind, "subject": subject}, 1000)["items"]
        before = next(({"detail": each.detail, "count": each.count} for each in found if each.cleared_at is None), None)
        if not clear(context.database, context.clock, kind, subject):
            raise NotFound
        Acts(context.database).record(context, "admin.dismiss_alert", subject, {"kind": kind}, reason, before=before)
