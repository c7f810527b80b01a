"""`admin.*`: what operators are shown of the house, and which alerts they take down."""

from collections.abc import Sequence

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict
from codegen.runtime.rpc.wiring import own_transactions, serves
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditReport, OperatorAlert
from generated.services.onboarding import AdminService
from generated.tables.onboarding import OPERATOR_ALERT
from handlers.admin.acts import Acts
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


@serves(AdminService)
class AlertHandler:
    """The part of `AdminService` that takes alerts down."""

    def dismiss_alert(self, context: Context, *, alert_sid: str, reason: str) -> OperatorAlert:
        """Take an alert down; its cause raises it anew."""
        alerts = Store.of(OPERATOR_ALERT, context.database)
        if alerts.locked(alert_sid, None)["cleared_at"] is not None:
            raise Conflict("this alert is down already")
        taken = alerts.patch(alert_sid, {"cleared_at": context.clock.now().replace(microsecond=0)})
        shown = {"kind": taken.kind, "subject": taken.subject, "detail": taken.detail, "count": taken.count}
        Acts(context.database).record(context, "admin.dismiss_alert", alert_sid, {}, reason, before=shown)
        return taken
