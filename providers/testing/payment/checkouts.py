"""The laws of checkouts: one for a top-up, for the amount that was asked for, open until it is paid or closed."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import case
from codegen.runtime.values.types import Money
from generated.errors.onboarding import AmountOutOfRange
from generated.models.onboarding import Checkout, PaymentMethod, SessionState
from generated.plugins.onboarding import PaymentProvider
from providers.testing.origins import covers
from providers.testing.payment.world import PaymentWorld

UNKNOWN = "unknown0000000000"
_CENT = Money.from_cents(1)


class CheckoutLaws(PaymentWorld):
    @case
    def test_what_it_can_do_makes_sense(self) -> None:
        """It takes dollars, in some way, and its limits are not crossed."""
        able = self.make().capabilities()
        assert able.methods, "it names no method of payment"
        assert "USD" in able.currencies, "the site asks for US dollars"
        if able.minimum is not None and able.maximum is not None:
            assert able.minimum <= able.maximum, "its least amount is above its greatest"

    @case
    def test_a_checkout_is_open_and_unpaid(self) -> None:
        plugin = self.make()
        checkout = plugin.create_checkout(self.order(plugin))
        assert checkout.state is SessionState.OPEN, f"nobody has paid, and the checkout is {checkout.state}"
        session = plugin.fetch_session(checkout.session_ref)
        assert session.state is SessionState.OPEN, f"nobody has paid, and the session is {session.state}"
        assert session.payments == [], "nobody has paid, and there are payments"

    @case
    def test_a_checkout_leads_to_a_page_of_its_origins(self) -> None:
        """The browser's policy lets people go to `hosted_origins` only, or anywhere on https where it names none."""
        plugin = self.make()
        able = plugin.capabilities()
        if PaymentMethod.CHECKOUT not in able.methods:
            pytest.skip("it has no hosted page")
        url = plugin.create_checkout(self.order(plugin)).url
        assert url is not None, "a checkout without a page"
        parts = urlsplit(str(url))
        allowed = [str(origin) for origin in able.hosted_origins or ["https:"]]
        assert any(covers(each, f"{parts.scheme}://{parts.netloc}") for each in allowed), (
            f"the page {parts.scheme}://{parts.netloc} is not of {', '.join(allowed)}"
        )

    @case
    def test_a_checkout_asked_for_twice_is_one(self) -> None:
        plugin = self.make()
        order = self.order(plugin)
        first, second = plugin.create_checkout(order), plugin.create_checkout(order.model_copy())
        self._one_checkout(plugin, first, second)

    @case
    def test_a_restart_forgets_no_checkout(self) -> None:
        """What is asked again after a crash is the same: the sid is the key at the vendor, not in memory."""
        plugin = self.make()
        order = self.order(plugin)
        first = plugin.create_checkout(order)
        again = self.make()
        self._one_checkout(again, first, again.create_checkout(order))

    @staticmethod
    def _one_checkout(plugin: PaymentProvider, first: Checkout, second: Checkout) -> None:
        assert first.session_ref == second.session_ref, "the same top-up has two checkouts: it can be paid twice"
        assert first.url == second.url, "the same checkout has two pages"
        assert plugin.fetch_session(first.session_ref).session_ref == first.session_ref

    @case
    def test_checkouts_of_two_top_ups_are_two(self) -> None:
        plugin = self.make()
        first = self.order(plugin)
        second = self.order(plugin, user_sid=first.user_sid)
        refs = {plugin.create_checkout(order).session_ref for order in (first, second)}
        assert len(refs) == 2, f"two top-ups of one user share the checkout {refs}"

    @case
    def test_an_amount_that_cannot_be_asked_for_is_refused(self) -> None:
        """Nothing, less than nothing, and parts of a cent: never rounded."""
        plugin = self.make()
        amount = self.order(plugin).amount
        for wrong in (Money(0), Money(-amount), Money(amount + 1), Money(1)):
            self._amount_refused(plugin, wrong)

    @case
    def test_an_amount_beyond_the_limits_is_refused(self) -> None:
        plugin = self.make()
        able = plugin.capabilities()
        if able.minimum is not None:
            self._amount_refused(plugin, Money(able.minimum - _CENT))
        if able.maximum is not None:
            self._amount_refused(plugin, Money(able.maximum + _CENT))

    def _amount_refused(self, plugin: PaymentProvider, amount: Money) -> None:
        try:
            plugin.create_checkout(self.order(plugin).model_copy(update={"amount": amount}))
        except AmountOutOfRange:
            return
        pytest.fail(f"a checkout of {amount} was made; answer AmountOutOfRange")

    @case
    def test_an_unknown_checkout_is_not_found(self) -> None:
        plugin = self.make()
        for ask in (plugin.fetch_session, plugin.expire_session):
            with pytest.raises(NotFound):
                ask(UNKNOWN)

    @case
    def test_a_closed_checkout_is_expired(self) -> None:
        """Closing it once more is no error."""
        plugin = self.make()
        ref = plugin.create_checkout(self.order(plugin)).session_ref
        for _ in range(2):
            assert plugin.expire_session(ref).state is SessionState.EXPIRED, "it was closed, and is not expired"
        assert plugin.fetch_session(ref).state is SessionState.EXPIRED, "it was closed, and is not expired"

    @case
    def test_closing_one_checkout_closes_no_other(self) -> None:
        plugin = self.make()
        first, second = (plugin.create_checkout(self.order(plugin)).session_ref for _ in range(2))
        plugin.expire_session(first)
        assert plugin.fetch_session(second).state is SessionState.OPEN, "another checkout was closed too"
