"""The laws of signed webhooks, of any kind of provider: only what the vendor signed, each with a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from codegen.runtime.clock import Clock, SystemClock
from codegen.runtime.testing.conformance import Conformance, case
from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import WebhookHead, WebhookRequest

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


class SignedWebhookLaws(Conformance):
    """A plugin's author gives `sign` and `signing_key`; the kit of a kind of provider gives `webhook`."""

    signing_key: ClassVar[str]
    """What `make` gives the plugin to verify webhooks with."""

    clock: ClassVar[Clock] = SystemClock()
    """The vendor's time."""
    tolerance: ClassVar[timedelta] = timedelta(minutes=5)
    """A webhook that comes in so long after it was signed may still be taken; one twice as old may not."""

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        """A webhook with this body as the vendor signs it with `key`; its headers are those of the signature only."""
        pytest.fail(f"give {type(self).__name__} a `sign`: sign a body with a key, as the vendor does")

    def sign_at(self, body: bytes, key: str, at: datetime) -> WebhookRequest | None:
        """As `sign`, at another time; None where the vendor's signatures carry none."""
        return None

    def webhook(self, plugin: Any) -> WebhookRequest:
        """The signed webhook of something that happened just now."""
        pytest.fail(f"give {type(self).__name__} a `webhook`: what tells of something that happened")

    @case
    def test_a_webhook_of_the_vendor_is_taken(self) -> None:
        """As it came, and signed by us with the same key."""
        plugin = self.make()
        webhook = self.webhook(plugin)
        assert plugin.verify_webhook(webhook).event_id
        assert plugin.verify_webhook(self.sign(webhook.body, self.signing_key)).event_id

    @case
    def test_a_webhook_of_other_bytes_is_refused(self) -> None:
        """Each figure replaced, for one: an amount, a reference."""
        plugin = self.make()
        webhook = self.webhook(plugin)
        for body in _altered(webhook.body):
            self._forged(plugin, webhook.model_copy(update={"body": body}), f"with the body {body!r}")

    @case
    def test_a_webhook_signed_by_others_is_refused(self) -> None:
        """With another key, none, a part of ours."""
        plugin = self.make()
        body = self.webhook(plugin).body
        for key in (f"{self.signing_key}x", self.signing_key[:-1], "another key of the same sort", ""):
            if key != self.signing_key:
                self._forged(plugin, self.sign(body, key), "signed with another key")

    @case
    def test_a_webhook_without_its_signature_is_refused(self) -> None:
        plugin = self.make()
        signed = self.sign(self.webhook(plugin).body, self.signing_key)
        if not signed.headers:
            pytest.skip("the signature stands in the body")
        for name, value in signed.headers.items():
            rest = {other: held for other, held in signed.headers.items() if other != name}
            self._forged(plugin, signed.model_copy(update={"headers": rest}), f"without {name}")
            for wrong in ("", value[:8], value[:-1], f"{value}0", value.swapcase(), "0" * len(value)):
                if wrong != value and wrong.lower() != value.lower():
                    self._forged(plugin, signed.model_copy(update={"headers": {**rest, name: wrong}}), f"{name} cut")

    @case
    def test_a_stale_webhook_is_refused(self) -> None:
        """Where signatures carry a time: who saw one a while ago cannot send it again."""
        plugin = self.make()
        body, now = self.webhook(plugin).body, self.clock.now()
        stale = self.sign_at(body, self.signing_key, now - 2 * self.tolerance)
        fresh = self.sign_at(body, self.signing_key, now)
        if stale is None or fresh is None:
            pytest.skip("the vendor's signatures carry no time")
        assert plugin.verify_webhook(fresh).event_id
        self._forged(plugin, stale, f"signed {2 * self.tolerance} ago")

    @staticmethod
    def _forged(plugin: Any, webhook: WebhookRequest, how: str) -> None:
        try:
            head = plugin.verify_webhook(webhook)
        except (InvalidSignature, WebhookMalformed):
            return
        pytest.fail(f"a forged webhook {how[:200]} was taken as {head.event_id!r}: anybody could send one")

    @case
    def test_a_webhook_that_cannot_be_read_is_malformed(self) -> None:
        """Signed or not, of any bytes: an error that the interface declares, or nothing that concerns us."""
        plugin = self.make()
        for body in UNREADABLE:
            signed = self.sign(body, self.signing_key)
            for act in (plugin.verify_webhook, plugin.read_webhook):
                try:
                    told: Any = act(signed)
                except (InvalidSignature, WebhookMalformed):
                    continue
                except Exception as error:
                    raise AssertionError(f"{act.__name__} leaks {type(error).__name__} for {body[:40]!r}") from error
                assert told is None or isinstance(told, WebhookHead), f"it reads an event out of {body[:40]!r}"

    @case
    def test_an_event_has_the_same_name_each_time(self) -> None:
        """By it the site knows a webhook that is sent again."""
        plugin = self.make()
        webhook = self.webhook(plugin)
        heads = [each.verify_webhook(webhook) for each in (plugin, plugin, self.make())]
        assert len({head.event_id for head in heads}) == 1, "sent again, the event has another name"
        told = plugin.read_webhook(webhook)
        assert told is not None, "what happened just now does not concern us"
        assert told.event_id == heads[0].event_id, "verify_webhook and read_webhook give the event two names"

    @case
    def test_two_events_have_two_names(self) -> None:
        plugin = self.make()
        names = [plugin.verify_webhook(self.webhook(plugin)).event_id for _ in range(2)]
        assert names[0] != names[1], "two events share a name: the second would be taken for a repeat"

    @case
    def test_a_webhook_is_read_when_its_key_is_gone(self) -> None:
        """It was verified when it came in; it may be read days later, after a rotation of keys."""
        plugin = self.make()
        webhook = self.webhook(plugin)
        later = plugin.read_webhook(webhook.model_copy(update={"headers": {}}))
        assert later == plugin.read_webhook(webhook), "without its signature it reads otherwise"


def _altered(body: bytes) -> Iterator[bytes]:
    """Other bytes that say something else."""
    for found in re.finditer(rb"\d+", body):
        figure = body[found.end() - 1] - ord("0")
        yield body[: found.end() - 1] + b"%d" % ((figure + 1) % 10) + body[found.end() :]
    yield body + b" {}"
    yield body[:-1]
    yield b"{}"
    yield b""
