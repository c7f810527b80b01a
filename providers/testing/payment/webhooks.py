"""The laws of webhooks: only what the vendor signed, each with a name of its own, telling the truth of its payment."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from codegen.runtime.testing.conformance import case
from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import PaymentEventKind, PaymentNotice, WebhookHead, WebhookRequest
from generated.plugins.onboarding import PaymentProvider
from providers.testing.payment.world import PaymentWorld

UNREADABLE = (
    b"",
    b"{",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'"text"',
    b"\xff\xfe",
    b"\x00",
    b"1e999",
    b"[" * 100_000,
    b'{"id": {}, "type": [], "data": null}',
)
_TOLD = (PaymentEventKind.PAYMENT_SUCCEEDED, PaymentEventKind.PAYMENT_PENDING)


class WebhookLaws(PaymentWorld):
    @case
    def test_a_webhook_of_the_vendor_is_taken(self) -> None:
        """As it came, and signed by us with the same key."""
        plugin = self.make()
        webhook = self.paid(plugin).webhook
        assert plugin.verify_webhook(webhook).event_id
        assert plugin.verify_webhook(self.sign(webhook.body, self.signing_key)).event_id

    @case
    def test_a_webhook_of_other_bytes_is_refused(self) -> None:
        """Each figure replaced, for one: the amount, the payment."""
        plugin = self.make()
        webhook = self.paid(plugin).webhook
        for body in _altered(webhook.body):
            self._forged(plugin, webhook.model_copy(update={"body": body}), f"with the body {body!r}")

    @case
    def test_a_webhook_signed_by_others_is_refused(self) -> None:
        """With another key, none, a part of ours."""
        plugin = self.make()
        body = self.paid(plugin).webhook.body
        for key in (f"{self.signing_key}x", self.signing_key[:-1], "another key of the same sort", ""):
            if key != self.signing_key:
                self._forged(plugin, self.sign(body, key), "signed with another key")

    @case
    def test_a_webhook_without_its_signature_is_refused(self) -> None:
        plugin = self.make()
        signed = self.sign(self.paid(plugin).webhook.body, self.signing_key)
        if not signed.headers:
            pytest.skip("the signature stands in the body")
        for name, value in signed.headers.items():
            rest = {other: held for other, held in signed.headers.items() if other != name}
            self._forged(plugin, signed.model_copy(update={"headers": rest}), f"without {name}")
            for wrong in ("", value[:8], value[:-1], f"{value}0", value.swapcase(), "0" * len(value)):
                if wrong != value and wrong.lower() != value.lower():
                    self._forged(plugin, signed.model_copy(update={"headers": {**rest, name: wrong}}), f"{name} cut")

    @staticmethod
    def _forged(plugin: PaymentProvider, webhook: WebhookRequest, how: str) -> None:
        try:
            head = plugin.verify_webhook(webhook)
        except (InvalidSignature, WebhookMalformed):
            return
        pytest.fail(f"a forged webhook {how[:200]} was taken as {head.event_id!r}: anybody could credit money")

    @case
    def test_a_webhook_that_cannot_be_read_is_malformed(self) -> None:
        """Signed or not, of any bytes: an error that the interface declares, or nothing that concerns us."""
        plugin = self.make()
        for body in UNREADABLE:
            signed = self.sign(body, self.signing_key)
            for act in (plugin.verify_webhook, plugin.read_webhook):
                try:
                    told: WebhookHead | PaymentNotice | None = act(signed)
                except (InvalidSignature, WebhookMalformed):
                    continue
                except Exception as error:
                    raise AssertionError(f"{act.__name__} leaks {type(error).__name__} for {body[:40]!r}") from error
                assert not isinstance(told, PaymentNotice), f"it reads a payment out of {body[:40]!r}"

    @case
    def test_an_event_has_the_same_name_each_time(self) -> None:
        """By it the site knows a webhook that is sent again."""
        plugin = self.make()
        webhook = self.paid(plugin).webhook
        heads = [each.verify_webhook(webhook) for each in (plugin, plugin, self.make())]
        assert len({head.event_id for head in heads}) == 1, "sent again, the event has another name"
        notice = self._notice(plugin, webhook)
        assert notice.event_id == heads[0].event_id, "verify_webhook and read_webhook give the event two names"

    @case
    def test_two_events_have_two_names(self) -> None:
        plugin = self.make()
        names = [plugin.verify_webhook(self.paid(plugin).webhook).event_id for _ in range(2)]
        assert names[0] != names[1], "two payments share the name of an event: the second would be taken for a repeat"

    @case
    def test_a_notice_tells_of_its_payment(self) -> None:
        """That it is paid, which one it is, and how much, in the currency's smallest unit; or to fetch it first."""
        plugin = self.make()
        for cents in (1000, 2345):
            paid = self.paid(plugin, self.order(plugin, cents))
            notice = self._notice(plugin, paid.webhook)
            if notice.fetch_first:
                assert notice.session_ref or notice.payment_ref, "it says to fetch first, and not what"
                return
            assert notice.kind in _TOLD, f"a payment was made, and it tells {notice.kind}"
            assert (notice.amount_minor, notice.currency) == (paid.order.amount.cents, "USD"), (
                f"{paid.order.amount.cents} cents of USD were paid, and it tells {notice.amount_minor} of "
                f"{notice.currency}"
            )

    @case
    def test_a_notice_names_its_payment(self) -> None:
        """By the names under which it is fetched."""
        plugin = self.make()
        paid = self.paid(plugin)
        notice = self._notice(plugin, paid.webhook)
        assert notice.session_ref or notice.payment_ref, "it names neither checkout nor payment"
        assert notice.session_ref in (None, paid.checkout.session_ref), f"it names the checkout {notice.session_ref}"
        assert notice.payment_ref in (None, paid.payment.payment_ref), f"it names the payment {notice.payment_ref}"
        assert notice.top_up_sid in (None, paid.order.top_up_sid), f"it names the top-up {notice.top_up_sid}"

    @case
    def test_a_webhook_is_read_when_its_key_is_gone(self) -> None:
        """It was verified when it came in; it may be read days later, after a rotation of keys."""
        plugin = self.make()
        webhook = self.paid(plugin).webhook
        later = plugin.read_webhook(webhook.model_copy(update={"headers": {}}))
        assert later == plugin.read_webhook(webhook), "without its signature it reads otherwise"

    @staticmethod
    def _notice(plugin: PaymentProvider, webhook: WebhookRequest) -> PaymentNotice:
        notice = plugin.read_webhook(webhook)
        assert notice is not None, "a payment was made, and its webhook does not concern us"
        return notice


def _altered(body: bytes) -> Iterator[bytes]:
    """Other bytes that say something else."""
    for found in re.finditer(rb"\d+", body):
        figure = body[found.end() - 1] - ord("0")
        yield body[: found.end() - 1] + b"%d" % ((figure + 1) % 10) + body[found.end() :]
    yield body + b" {}"
    yield body[:-1]
    yield b"{}"
    yield b""
