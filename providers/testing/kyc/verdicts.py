"""The laws of callbacks: each tells of its own attempt, decides where it is final, hands on no data of a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from codegen.runtime.testing.conformance import case
from generated.models.onboarding import KycStatus
from providers.testing.kyc.attempts import DECIDED
from providers.testing.kyc.world import KycWorld

CLOCKS_DIFFER = timedelta(minutes=10)


class VerdictLaws(KycWorld):
    @case
    def test_a_verdict_tells_how_its_attempt_ended(self) -> None:
        """An approval is no denial, and a suspicion is no approval."""
        plugin = self.make()
        for status in DECIDED:
            told = self.verdict(plugin, self.decided(plugin, status).callback)
            assert told.status is status, f"it ended as {status}, and its callback tells {told.status}"
            assert told.final, f"it ended as {status}, and its callback is not final"

    @case
    def test_a_verdict_names_its_attempt(self) -> None:
        """By the name under which it is fetched, and by our session where the vendor tells it."""
        plugin = self.make()
        decided = self.decided(plugin)
        told = self.verdict(plugin, decided.callback)
        assert told.scan_ref == decided.attempt.scan_ref, f"it names the attempt {told.scan_ref}"
        assert told.session_sid in (None, decided.order.session_sid), f"it names the session {told.session_sid}"
        assert told.client_id in (None, decided.order.client_id), f"it names the client {told.client_id}"

    @case
    def test_a_verdict_that_is_not_final_says_so(self) -> None:
        """The machine approves, and people look again: nobody is verified yet."""
        plugin = self.make()
        if not plugin.capabilities().manual_review:
            pytest.skip("nobody looks again")
        attempt = plugin.start(self.order())
        told = plugin.read_webhook(self.preliminary(plugin, attempt.scan_ref))
        assert told is None or not told.final, "people will look at it, and the callback is final"
        asked = plugin.fetch(attempt.scan_ref)
        assert not asked.final, "people will look at it, and asked for it is final"

    @case
    def test_a_denial_says_what_was_wrong(self) -> None:
        plugin = self.make()
        told = self.verdict(plugin, self.decided(plugin, KycStatus.FAILED).callback)
        assert told.reason and told.reason.strip(), "somebody was denied, and is not told why"

    @case
    def test_a_verdict_hands_on_no_personal_data(self) -> None:
        """Documents, links to pictures and what stands on a document stay with the vendor."""
        plugin = self.make()
        for status in DECIDED:
            decided = self.decided(plugin, status)
            for told in (self.verdict(plugin, decided.callback), plugin.fetch(decided.attempt.scan_ref)):
                text = told.model_dump_json()
                found = [each for each in (*self.personal, "http://", "https://") if each in text]
                assert not found, f"a verdict hands on {found[0]!r}"

    @case
    def test_a_verdict_says_when_it_was_made(self) -> None:
        """Where it says so at all."""
        plugin = self.make()
        at = self.verdict(plugin, self.decided(plugin).callback).occurred_at
        if at is not None:
            assert abs(self.clock.now() - at) < CLOCKS_DIFFER, f"decided just now, it says {at.isoformat()}"
