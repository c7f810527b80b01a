"""KYC providers that are wrong in one thing each, and the test of the kit that is meant for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from codegen.runtime.errors import NotFound
from generated.errors.onboarding import InvalidSignature, ProviderRefused
from generated.models.onboarding import (
    KycAttempt,
    KycCapabilities,
    KycOrder,
    KycStatus,
    KycVerdict,
    WebhookHead,
    WebhookRequest,
)
from tests.kits.kyc_vendor import SIGNATURE, Attempt, signature
from tests.kits.sound_kyc import SIGNING_KEY, SoundKyc

P = TypeVar("P", bound=type[SoundKyc])
WRONG_KYC: dict[type[SoundKyc], str] = {}
"""Provider → the name of the test, without `test_`."""


def caught_by(test: str) -> Callable[[P], P]:
    """Put a wrong provider into the table; its docstring says what is wrong with it."""

    def add(provider: P) -> P:
        WRONG_KYC[provider] = test
        return provider

    return add


# --- attempts -------------------------------------------------------------------------------------------------------


@caught_by("attempts_of_two_sessions_are_two")
class OneAttemptForAPerson(SoundKyc):
    """Somebody who tries again is decided with the first try."""

    def start(self, order: KycOrder) -> KycAttempt:
        known = [each for each in self.vendor.attempts.values() if each.mark == order.user_sid]
        return self.opened(known[0] if known else self.vendor.open(order.user_sid, order.open_within))


@caught_by("an_attempt_leads_to_a_page_of_its_origins")
class LeadsElsewhere(SoundKyc):
    """The browser's policy does not let anybody go there."""

    def opened(self, made: Attempt) -> KycAttempt:
        return super().opened(made).model_copy(update={"redirect_url": f"https://elsewhere.example/{made.ref}"})


@caught_by("an_attempt_can_be_opened_as_long_as_was_asked_for")
class AlwaysAnHour(SoundKyc):
    """Whatever was asked for."""

    def opened(self, made: Attempt) -> KycAttempt:
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        return super().opened(made).model_copy(update={"expires_at": ends})


@caught_by("an_attempt_that_nobody_went_through_is_undecided")
class EndsBeforeItBegins(SoundKyc):
    """Whoever has not been there is denied."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        open_still = event["result"] == "open"
        return {**super().verdict(event), **({"status": KycStatus.FAILED, "final": True} if open_still else {})}


@caught_by("an_unknown_attempt_is_not_found")
class KnowsEverybody(SoundKyc):
    """What it does not know is under way."""

    def fetch(self, scan_ref: str) -> KycVerdict:
        try:
            return super().fetch(scan_ref)
        except NotFound:
            return KycVerdict(event_id="none", scan_ref=scan_ref, final=False, status=KycStatus.IN_PROGRESS, tags=[])


@caught_by("a_restart_forgets_no_attempt")
class RemembersInMemory(SoundKyc):
    """What another process began is not known."""

    def start(self, order: KycOrder) -> KycAttempt:
        made = super().start(order)
        self.__dict__.setdefault("mine", set()).add(made.scan_ref)
        return made

    def fetch(self, scan_ref: str) -> KycVerdict:
        if scan_ref not in self.__dict__.get("mine", ()):
            raise NotFound
        return super().fetch(scan_ref)


@caught_by("a_lost_callback_is_found_by_asking")
class AnswersNothingFinal(SoundKyc):
    """A lost callback is never found."""

    def fetch(self, scan_ref: str) -> KycVerdict:
        return super().fetch(scan_ref).model_copy(update={"final": False})


@caught_by("no_answer_is_older_than_the_last")
class AnswersFromItsCache(SoundKyc):
    """What it was told once it tells for ever."""

    def fetch(self, scan_ref: str) -> KycVerdict:
        known: dict[str, KycVerdict] = self.__dict__.setdefault("known", {})
        if scan_ref not in known:
            known[scan_ref] = super().fetch(scan_ref)
        return known[scan_ref]


@caught_by("times_name_their_zone")
class TellsNaiveTime(SoundKyc):
    """Until when an attempt can be begun depends on the machine."""

    def opened(self, made: Attempt) -> KycAttempt:
        found = super().opened(made)
        return found.model_copy(update={"expires_at": found.expires_at.replace(tzinfo=None)})


@caught_by("no_argument_is_changed")
class ChangesTheOrder(SoundKyc):
    """The caller's own order is another one afterwards."""

    def start(self, order: KycOrder) -> KycAttempt:
        attempt = super().start(order)
        order.client_id = "sent"
        return attempt


@caught_by("a_decision_stays_what_it_is")
class ForgetsADenial(SoundKyc):
    """Asked a second time it is under way again."""

    def fetch(self, scan_ref: str) -> KycVerdict:
        found = super().fetch(scan_ref)
        if found.status is KycStatus.FAILED and scan_ref in self.__dict__.setdefault("asked", set()):
            return found.model_copy(update={"status": KycStatus.IN_PROGRESS, "final": False})
        self.__dict__["asked"].add(scan_ref)
        return found


@caught_by("one_decision_decides_no_other_attempt")
class TakesTheLastResult(SoundKyc):
    """Of the account, whoever it was."""

    def fetch(self, scan_ref: str) -> KycVerdict:
        found = super().fetch(scan_ref)
        if any(each.result == "approved" for each in self.vendor.attempts.values()):
            return found.model_copy(update={"status": KycStatus.COMPLETED, "final": True})
        return found


@caught_by("what_is_erased_is_not_approved_any_more")
class ErasesNothing(SoundKyc):
    def erase(self, scan_ref: str) -> None:
        self.ask(lambda: self.vendor.attempt(scan_ref))


@caught_by("what_is_erased_is_not_approved_any_more")
class ErasesAll(SoundKyc):
    """The account is empty afterwards."""

    def erase(self, scan_ref: str) -> None:
        self.ask(lambda: self.vendor.attempt(scan_ref))
        for each in self.vendor.attempts.values():
            each.result = "gone"


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsARefusal(SoundKyc):
    """It would never be asked again."""

    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except OSError:
            raise ProviderRefused(provider="sound", detail="no answer") from None
        except KeyError:
            raise NotFound from None


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsUnknown(SoundKyc):
    """An attempt that is there is said not to be."""

    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except (OSError, KeyError):
            raise NotFound from None


# --- callbacks ------------------------------------------------------------------------------------------------------


@caught_by("a_verdict_tells_how_its_attempt_ended")
class ASuspicionIsAnApproval(SoundKyc):
    """Nothing was found against them."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        suspected = event["result"] == "suspected"
        return {**super().verdict(event), **({"status": KycStatus.COMPLETED} if suspected else {})}


@caught_by("a_verdict_tells_how_its_attempt_ended")
class ADenialIsUnderWay(SoundKyc):
    """Whoever was denied waits for ever."""

    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        found = super().read_webhook(request)
        if found is not None and found.status is KycStatus.FAILED:
            return found.model_copy(update={"status": KycStatus.IN_PROGRESS, "final": False})
        return found


@caught_by("a_verdict_that_is_not_final_says_so")
class TheMachineDecides(SoundKyc):
    """Before people have looked."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().verdict(event), "final": event["result"] != "open"}


@caught_by("a_verdict_names_its_attempt")
class NamesTheLastAttempt(SoundKyc):
    """Verdicts would be another person's."""

    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        found = super().read_webhook(request)
        return found and found.model_copy(update={"scan_ref": f"{found.scan_ref}0"})


@caught_by("a_verdict_names_its_attempt")
class NamesAnotherSession(SoundKyc):
    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().verdict(event), "session_sid": event["mark"][::-1]}


@caught_by("a_denial_says_what_was_wrong")
class DeniesInSilence(SoundKyc):
    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().verdict(event), "reason": None}


@caught_by("a_verdict_hands_on_no_personal_data")
class TellsTheName(SoundKyc):
    """As a tag."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().verdict(event), "tags": [event["person"]["name"]]}


@caught_by("a_verdict_hands_on_no_personal_data")
class LinksThePicture(SoundKyc):
    """In the reason, for whoever looks at it."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().verdict(event), "reason": f"see {event['person']['picture']}"}


@caught_by("a_verdict_says_when_it_was_made")
class CountsMilliseconds(SoundKyc):
    """Seconds are taken for milliseconds: every verdict is older than any other."""

    def verdict(self, event: dict[str, Any]) -> dict[str, Any]:
        told = super().verdict(event)
        return {**told, "occurred_at": datetime.fromtimestamp(event["at"] // 1000, UTC)}


@caught_by("a_webhook_of_other_bytes_is_refused")
class LooksForASignatureOnly(SoundKyc):
    """That there is one is enough."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if len(request.headers.get(SIGNATURE, "")) != 64:
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["result"])


@caught_by("a_webhook_of_other_bytes_is_refused")
class SignsTheAttemptOnly(SoundKyc):
    """The body is written anew before it is signed, without its time."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        event = self.event(request.body)
        now = next((each.at for each in self.vendor.attempts.values() if each.ref == event["attempt"]), event["at"])
        body = json.dumps({**event, "at": now}).encode()
        good = signature(body, self.settings.signing_key.get_secret_value())
        if good != request.headers.get(SIGNATURE):
            raise InvalidSignature
        return WebhookHead(event_id=event["id"], event_type=event["result"])


@caught_by("a_webhook_without_its_signature_is_refused")
class TakesTheUnsigned(SoundKyc):
    """The vendor sends none where no key is set."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if SIGNATURE in request.headers:
            return super().verify_webhook(request)
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["result"])


@caught_by("a_webhook_signed_by_others_is_refused")
class TakesAnyKeyThatBeginsSo(SoundKyc):
    """A part of the key will do."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if request.headers.get(SIGNATURE) == signature(request.body, SIGNING_KEY[:-1]):
            event = self.event(request.body)
            return WebhookHead(event_id=event["id"], event_type=event["result"])
        return super().verify_webhook(request)


@caught_by("an_event_has_the_same_name_each_time")
class NamesAnEventAnewEachTime(SoundKyc):
    def event(self, body: bytes) -> dict[str, Any]:
        return {**super().event(body), "id": uuid4().hex}


@caught_by("two_events_have_two_names")
class NamesAnEventByItsResult(SoundKyc):
    """Only the first approval would ever count."""

    def event(self, body: bytes) -> dict[str, Any]:
        found = super().event(body)
        return {**found, "id": found["result"]}


@caught_by("a_webhook_that_cannot_be_read_is_malformed")
class LeaksWhatItCannotRead(SoundKyc):
    def event(self, body: bytes) -> dict[str, Any]:
        return dict(json.loads(body))


@caught_by("a_webhook_is_read_when_its_key_is_gone")
class ReadsOnlyWhatIsSigned(SoundKyc):
    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        return super().read_webhook(request) if SIGNATURE in request.headers else None


@caught_by("read_webhook_uses_no_network")
class AsksWhileItReads(SoundKyc):
    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        self.vendor.reach()
        return super().read_webhook(request)


@caught_by("fetch_answers_what_was_asked_for")
class AnswersAboutAnother(SoundKyc):
    def fetch(self, scan_ref: str) -> KycVerdict:
        return super().fetch(scan_ref).model_copy(update={"scan_ref": "at1"})


@caught_by("no_secret_is_told")
class TellsItsKey(SoundKyc):
    def capabilities(self) -> KycCapabilities:
        return super().capabilities().model_copy(update={"title": f"Sound {self.settings.api_key.get_secret_value()}"})


@caught_by("start_raises_only_what_is_declared")
class CannotCount(SoundKyc):
    def start(self, order: KycOrder) -> KycAttempt:
        raise ZeroDivisionError


@caught_by("fetch_comes_back_in_time")
class HangsForEver(SoundKyc):
    def fetch(self, scan_ref: str) -> KycVerdict:
        threading.Event().wait(20)
        return super().fetch(scan_ref)
