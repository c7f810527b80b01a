"""The laws of fees: what the vendor keeps for a payment is told once, under one name, on one day."""

from __future__ import annotations

from datetime import date, timedelta

from codegen.runtime.testing.conformance import MOST_PAGES, case
from generated.models.onboarding import BalanceChange
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.world import PaymentWorld


class FeeLaws(PaymentWorld):
    @case
    def test_a_fee_is_counted_once(self) -> None:
        """By one change of the balance for each payment, on its day alone. A vendor may tell none."""
        plugin = self.make()
        paid = [self.paid(plugin).payment for _ in range(2)]
        days = {each.occurred_at.date() for each in paid}
        days |= {day + timedelta(days=by) for day in days for by in (-1, 1)}
        changes = [change for day in sorted(days) for change in _of_day(plugin, day)]
        refs = [each.change_ref for each in changes]
        twice = sorted({ref for ref in refs if refs.count(ref) > 1})
        assert not twice, f"the change {', '.join(twice)} is told twice, on its day or on another"
        for payment in paid:
            moved = [each for each in changes if each.external_ref == payment.payment_ref]
            assert len(moved) <= 1, f"one payment moved the balance {len(moved)} times, each with its fee"
            for each in moved:
                assert each.payment_ref == payment.payment_ref, f"the fee of a payment is of {each.payment_ref}"
                assert 0 <= each.fee_minor < payment.amount_minor, f"a fee of {each.fee_minor}"

    @case
    def test_a_fee_has_the_same_name_each_time(self) -> None:
        """By it the site knows a fee that it has posted; days are compared more than once."""
        plugin = self.make()
        payment = self.paid(plugin).payment
        day = payment.occurred_at.date()
        names = [
            sorted(each.change_ref for each in _of_day(asked, day) if each.external_ref == payment.payment_ref)
            for asked in (plugin, plugin, self.make())
        ]
        assert names[0] == names[1] == names[2], f"asked again, the change has another name: {names}"


def _of_day(plugin: PaymentProvider, day: date) -> list[BalanceChange]:
    page = plugin.list_balance_changes(day)
    found, pages = [*page.changes], 1
    while page.next_cursor is not None and pages < MOST_PAGES:
        page = plugin.list_balance_changes(day, cursor=page.next_cursor)
        found += page.changes
        pages += 1
    return found
