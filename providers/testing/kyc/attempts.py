"""The laws of attempts: one for each session, undecided until somebody decides, and then the same for good."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import case
from generated.models.onboarding import KycStatus
from providers.testing.kyc.world import HOUR, KycWorld
from providers.testing.origins import covers

UNKNOWN = "unknown0000000000"
CLOCKS_DIFFER = timedelta(minutes=10)
DECIDED = (KycStatus.COMPLETED, KycStatus.FAILED, KycStatus.REVIEW)


class AttemptLaws(KycWorld):
    @case
    def test_an_attempt_leads_to_a_page_of_its_origins(self) -> None:
        """The browser's policy lets people go to `hosted_origins` only, or anywhere on https where it names none."""
        plugin = self.make()
        allowed = [str(origin) for origin in plugin.capabilities().hosted_origins or ["https:"]]
        parts = urlsplit(str(plugin.start(self.order()).redirect_url))
        assert any(covers(each, f"{parts.scheme}://{parts.netloc}") for each in allowed), (
            f"the page {parts.scheme}://{parts.netloc} is not of {', '.join(allowed)}"
        )

    @case
    def test_attempts_of_two_sessions_are_two(self) -> None:
        """Also of one person: the second would be decided with the first."""
        plugin = self.make()
        first = self.order()
        second = self.order(user_sid=first.user_sid)
        attempts = [plugin.start(order) for order in (first, second)]
        assert len({each.scan_ref for each in attempts}) == 2, "two sessions share one attempt"
        assert len({each.redirect_url for each in attempts}) == 2, "two sessions share one page"

    @case
    def test_an_attempt_can_be_opened_as_long_as_was_asked_for(self) -> None:
        plugin = self.make()
        for hours in (1, 24):
            ends = plugin.start(self.order(open_within=hours * HOUR)).expires_at
            away = abs(ends - (self.clock.now() + timedelta(hours=hours)))
            assert away < CLOCKS_DIFFER, f"asked for {hours} hours from now, it can be opened until {ends.isoformat()}"

    @case
    def test_an_attempt_that_nobody_went_through_is_undecided(self) -> None:
        plugin = self.make()
        found = plugin.fetch(plugin.start(self.order()).scan_ref)
        assert not found.final, f"nobody went through it, and it is {found.status} for good"
        assert found.status not in DECIDED, f"nobody went through it, and it is {found.status}"

    @case
    def test_an_unknown_attempt_is_not_found(self) -> None:
        plugin = self.make()
        calls = [plugin.fetch, *([plugin.erase] if plugin.capabilities().erasure else [])]
        for call in calls:
            with pytest.raises(NotFound):
                call(UNKNOWN)

    @case
    def test_a_restart_forgets_no_attempt(self) -> None:
        plugin = self.make()
        decided = self.decided(plugin)
        found = self.make().fetch(decided.attempt.scan_ref)
        assert found.status is KycStatus.COMPLETED, f"it was approved, and after a restart it is {found.status}"

    @case
    def test_a_lost_callback_is_found_by_asking(self) -> None:
        """Whatever a callback tells, `fetch` tells too."""
        plugin = self.make()
        for status in DECIDED:
            found = plugin.fetch(self.decided(plugin, status).attempt.scan_ref)
            assert (found.status, found.final) == (status, True), (
                f"it ended as {status}, and asked for it is {found.status}, final: {found.final}"
            )

    @case
    def test_no_answer_is_older_than_the_last(self) -> None:
        """What was answered before it was decided is not answered after it, by this process or by another."""
        plugin, other = self.make(), self.make()
        ref = plugin.start(self.order()).scan_ref
        for asked in (plugin, other):
            asked.fetch(ref)
        self.decide(plugin, ref, KycStatus.COMPLETED)
        for asked in (plugin, other):
            status = asked.fetch(ref).status
            assert status is KycStatus.COMPLETED, f"it is approved, and asked again it is {status}"

    @case
    def test_a_decision_stays_what_it_is(self) -> None:
        plugin = self.make()
        ref = self.decided(plugin, KycStatus.FAILED).attempt.scan_ref
        told = [asked.fetch(ref) for asked in (plugin, plugin, self.make())]
        assert len({(each.status, each.final) for each in told}) == 1, "asked again, it ended otherwise"

    @case
    def test_one_decision_decides_no_other_attempt(self) -> None:
        plugin = self.make()
        other = plugin.start(self.order()).scan_ref
        self.decided(plugin)
        found = plugin.fetch(other)
        assert not found.final and found.status is not KycStatus.COMPLETED, "another attempt was approved too"

    @case
    def test_what_is_erased_is_not_approved_any_more(self) -> None:
        plugin = self.make()
        if not plugin.capabilities().erasure:
            pytest.skip("it erases nothing")
        erased, kept = self.decided(plugin), self.decided(plugin)
        plugin.erase(erased.attempt.scan_ref)
        try:
            status = plugin.fetch(erased.attempt.scan_ref).status
        except NotFound:
            pass
        else:
            assert status is not KycStatus.COMPLETED, "it was erased, and is still there"
        found = plugin.fetch(kept.attempt.scan_ref)
        assert found.status is KycStatus.COMPLETED, "another attempt was erased too"
