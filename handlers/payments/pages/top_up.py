"""Adding credit: the form, the way to the provider, the way back, and the receipt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from codegen.runtime.errors import DeclaredError, InvalidParams, NotFound
from codegen.runtime.rpc.method import Place, runs
from generated.models.onboarding import TopUpStatus
from generated.services.onboarding import PaymentsService
from handlers.ledger.standing import Standings
from handlers.pages.page import Page, page
from handlers.pages.paper import pdf
from handlers.pages.visit import PageContext, Visit
from handlers.payments.history import TopUpHistory
from handlers.payments.pages.receipt_paper import receipt_paper
from handlers.payments.pages.top_up_form import TopUpForm, cents_of, slug_of

SHOWN = 50
SUFFIX = ".pdf"
PATIENCE, HURRY = timedelta(minutes=2), timedelta(hours=1)
"""Since the top-up was started: then the provider may be asked, then the page looks less often."""
FIRST_LOOK, REFRESH, REFRESH_LATER = 1, 3, 20
"""Seconds until the return page looks again: when a browser comes back, then, and after its `HURRY`."""


class TopUpPage(Page):
    """`GET /topup`: the form, and every payment so far."""

    def __init__(self, context: PageContext, form: TopUpForm, history: TopUpHistory, standings: Standings) -> None:
        super().__init__(context)
        self._form, self._history, self._standings = form, history, standings

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {"payments": self._history.latest(user.sid, SHOWN), "standing": self._standings.of(user.sid)}

        visit.page("topup.html", user=user, **self._form.values(visit), **self.context.database.run(read, write=False))


class PaymentIntent(Page):
    """`POST /payment/intent`: asks the provider for a payment and sends the browser there."""

    def __init__(self, context: PageContext, payments: PaymentsService) -> None:
        super().__init__(context)
        self._payments = payments

    @runs(Place.SLOW)  # the provider is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        fields = visit.form()
        provider = fields.get("provider", "")
        kept = {"provider": provider[:32], "amount": fields.get("amount", "")[:20]}
        cents = cents_of(fields)
        if cents is None:
            visit.refuse("/topup", "amount_invalid", kept)
            return
        try:
            started = self._payments.create_top_up(
                context,
                provider=provider,
                amount_cents=cents,
                phone=fields.get("phone") or None,
                form_token=fields.get("form_token") or None,
            )
        except (DeclaredError, InvalidParams) as error:
            slug = error.slug if isinstance(error, DeclaredError) else slug_of(error)
            visit.refuse("/topup", slug, {**kept, "amount": f"{cents // 100}.{cents % 100:02}"})
            return
        if started.url is not None:
            visit.go(started.url)
        else:
            visit.go("/payment/return", {"top_up": started.top_up_sid, "event": "top_up_started"})


class PaymentReturn(Page):
    """`GET /payment/return`: shows how the payment stands and looks again until it is decided; it credits nothing."""

    def __init__(self, context: PageContext, history: TopUpHistory, providers: Iterable[str]) -> None:
        super().__init__(context)
        self._history, self._providers = history, tuple(providers)

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        session = visit.query("session_id")
        if not session and not visit.query("top_up"):  # not every provider says what the browser comes back from
            latest = self._history.latest(user.sid, 1)
            visit.go("/payment/return", {"top_up": latest[0].sid}) if latest else visit.go("/topup")
            return
        top_up = (
            self._history.of_session(user.sid, session, self._providers)
            if session
            else self._history.one(user.sid, visit.query("top_up"))
        )
        open_still = top_up.status == TopUpStatus.OPEN
        cancelled = open_still and visit.query("cancelled") == "1"
        waited = self.context.clock.now() - top_up.created_at
        if open_still and not cancelled:
            pause = FIRST_LOOK if session else REFRESH if waited < HURRY else REFRESH_LATER
            visit.resp.set_header("Refresh", f"{pause}; url=/payment/return?top_up={top_up.sid}")
        visit.page("payment.html", top_up=top_up, cancelled=cancelled, slow=waited >= PATIENCE)


class PaymentCheck(Page):
    """`POST /payment/check`: asks the provider how an open payment stands."""

    def __init__(self, context: PageContext, payments: PaymentsService) -> None:
        super().__init__(context)
        self._payments = payments

    @runs(Place.SLOW)  # the provider is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        sid = visit.form().get("top_up", "")
        back = {"top_up": sid}
        try:
            self._payments.check(context, top_up_sid=sid)
        except NotFound:
            raise
        except DeclaredError as error:
            visit.refuse("/payment/return", error, back)
            return
        visit.go("/payment/return", back)


class PaymentCancel(Page):
    """`POST /payment/cancel`: closes an open checkout that was not paid."""

    def __init__(self, context: PageContext, payments: PaymentsService) -> None:
        super().__init__(context)
        self._payments = payments

    @runs(Place.SLOW)  # the provider is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        sid = visit.form().get("top_up", "")
        try:
            top_up = self._payments.cancel(context, top_up_sid=sid)
        except NotFound:
            raise
        except DeclaredError as error:
            visit.refuse("/payment/return", error, {"top_up": sid})
            return
        if top_up.status in (TopUpStatus.EXPIRED, TopUpStatus.FAILED):
            visit.go("/topup", {"event": "payment_cancelled"})
        else:  # it was paid, or is on its way
            visit.go("/payment/return", {"top_up": sid})


class ReceiptPage(Page):
    """`GET /receipts/{sid}`: a payment as printed; with `.pdf` behind it, as PDF."""

    def __init__(self, context: PageContext, payments: PaymentsService) -> None:
        super().__init__(context)
        self._payments = payments

    @page
    def on_get(self, visit: Visit, sid: str) -> None:
        try:
            receipt = self._payments.receipt(visit.context(), top_up_sid=sid.removesuffix(SUFFIX))
        except InvalidParams:  # no sid at all
            raise NotFound from None
        if sid.endswith(SUFFIX):
            visit.paper(
                pdf(receipt_paper(receipt, self.context.renderer.titles)), f"hero-receipt-{receipt.top_up.sid}.pdf"
            )
            return
        visit.page("receipt.html", receipt=receipt, month=f"{receipt.top_up.created_at:%Y-%m}")
