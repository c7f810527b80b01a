"""What payments bring: top-ups, the providers' webhooks, the jobs that follow them up, and their audit."""

from pathlib import Path

from codegen.runtime.rpc.local import local
from generated.routes import SERVICES
from generated.services.onboarding import PaymentsService
from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.ledger.standing import Standings
from handlers.payments import audit, audit_days, audit_fees, audit_records
from handlers.payments.history import TopUpHistory
from handlers.payments.pages import messages
from handlers.payments.pages.top_up import (
    PaymentCancel,
    PaymentCheck,
    PaymentIntent,
    PaymentReturn,
    ReceiptPage,
    TopUpPage,
)
from handlers.payments.pages.top_up_form import TopUpForm, form_targets
from handlers.payments.providers import PAYMENT
from handlers.payments.service import Payments, PaymentsHandler, provider_webhooks
from handlers.payments.settings import PaymentSettings


def parts(site: Site) -> Parts:
    settings = site.settings_of(PaymentSettings)
    payments = site.find(Payments) or Payments.installed(site.database, site.clock, settings, site.log)
    handler = PaymentsHandler(payments, settings)
    service = local(PaymentsService, handler, SERVICES)
    history, standings = TopUpHistory(site.database), site.get(Standings)
    form = TopUpForm(settings, payments.providers.capabilities())
    return Parts(
        services=(handler,),
        webhooks=provider_webhooks(payments),
        jobs=(
            Job("payments.inbox", 1, payments.inbox.run_once),
            Job("payments.checks", 5, payments.checks.run_once),
            Job("payments.held", 5, payments.settlement.release_due),
            Job("payments.refunds", 30, payments.refunds.run_once),
            Job("payments.reconcile", 3600, payments.reconciler.run_once),
            Job("payments.plugins", 86_400, payments.tell_broken),
        ),
        pages=Pages(
            routes={
                "/topup": lambda context: TopUpPage(context, form, history, standings),
                "/payment/intent": lambda context: PaymentIntent(context, service),
                "/payment/return": lambda context: PaymentReturn(context, history, payments.providers),
                "/payment/check": lambda context: PaymentCheck(context, service),
                "/payment/cancel": lambda context: PaymentCancel(context, service),
                "/receipts/{sid}": lambda context: ReceiptPage(context, service),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors=messages.errors(settings),
            events=messages.EVENTS,
            navigation=(Link(40, "/topup", "Add credit"),),
            form_targets=form_targets(payments.providers.capabilities()),
            titles=payments.providers.titles(),
        ),
        shared=(payments, handler, history, form),
    )


DOMAIN = Domain(
    name="payments",
    settings=PaymentSettings,
    parts=parts,
    audits=(
        audit.TOP_UPS,
        audit.POSTINGS,
        audit_records.RECORDS,
        audit_records.INBOX,
        audit_records.EVENTS,
        audit_days.DAYS,
        audit_fees.FEES,
        audit_fees.POSTINGS,
    ),
    plugins=(PAYMENT,),
)
