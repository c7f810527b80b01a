"""`admin.*`: what operators are shown of the house, and which alerts they take down."""

from collections.abc import Sequence

from codegen.runtime.context import Context
from codegen.runtime.errors import NotFound
from codegen.runtime.rpc.wiring import own_transactions, serves
from generated.models.onboarding import AlertKind, AuditReport
from generated.services.onboarding import AdminService
from handlers.admin.acts import Acts
from handlers.admin.audit_runs import report
from handlers.audit import Audit
from handlers.work.alerts import clear, up


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
        known = up(context.database, kind, subject)
        if not known:
            raise NotFound
        before = {"detail": known[0].detail, "count": known[0].count}
        clear(context.database, context.clock, kind, subject)
        Acts(context.database).record(context, "admin.dismiss_alert", subject, {"kind": kind}, reason, before=before)
