"""The iDenfy provider against the sandbox over real HTTP: the kit, signature vectors, every answer of the contract."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.plugins.settings import SettingsMissing, read, review
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import InvalidSignature, ProviderRefused, ProviderUnavailable, WebhookMalformed
from generated.models.onboarding import KycOrder, KycStatus, KycVerdict, WebhookRequest
from providers.idenfy import IdenfyProvider, IdenfySettings
from providers.idenfy.calls import Api
from providers.sandbox.app import Sandbox, create
from providers.sandbox.idenfy.room import API_KEY, API_SECRET, SIGNING_KEY
from providers.testing.kyc import KycKit
from tests.programs import free_port
from tests.server.payment_world import serving
from tests.waiting import PATIENCE

NOW = datetime.now(UTC).replace(microsecond=0)
VECTORS = json.loads((Path(__file__).parents[1] / "data/idenfy_signature.json").read_text())
ACTS = {KycStatus.COMPLETED: "approve", KycStatus.FAILED: "deny", KycStatus.REVIEW: "suspect"}


def order(**fields: Any) -> KycOrder:
    made = {
        "session_sid": new_sid(),
        "user_sid": new_sid(),
        "client_id": new_sid(),
        "success_url": "https://site.example/kyc/return?a=1",
        "failure_url": "https://site.example/kyc/return?a=2",
        "review_url": "https://site.example/kyc/return?a=3",
        "open_within": 3600,
    }
    return KycOrder(**{**made, **fields})


def signed(body: bytes, key: str = SIGNING_KEY) -> WebhookRequest:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest(headers={"idenfy-signature": digest}, body=body, received_at=NOW)


class Vendor:
    """A sandbox that serves, and providers that call it."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url, self.sandbox = url, sandbox
        self.provider = self.made()
        self.http = httpx.Client(timeout=PATIENCE, verify=False)

    def made(self, **given: Any) -> IdenfyProvider:
        settings = {
            "key": API_KEY,
            "secret": API_SECRET,
            "signing_keys": (SIGNING_KEY,),
            "base_url": f"{self.url}/idenfy",
        }
        return IdenfyProvider(IdenfySettings.model_validate({**settings, **given}))

    def act(self, name: str, **fields: Any) -> Any:
        answer = self.http.post(f"{self.url}/_control/idenfy", json={"act": name, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        assert self.http.post(f"{self.url}/_control/idenfy", json=switches).status_code == 200

    def callbacks(self, scan_ref: str) -> list[WebhookRequest]:
        """All callbacks of an attempt so far, signed; they are held here."""
        rows = self.sandbox.store._rows("SELECT body FROM delivery WHERE event LIKE ? ORDER BY number", f"{scan_ref}:%")
        return [signed(bytes(row[0])) for row in rows]

    def started(self) -> str:
        return self.provider.start(order()).scan_ref


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sandbox = create(":memory:", own_url=url, product_url="http://127.0.0.1:9")
    sandbox.store.set_switch("idenfy", "webhooks", "hold")
    with serving(sandbox.app, port):
        yield Vendor(url, sandbox)
    sandbox.store.close()


@pytest.fixture(autouse=True)
def _as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "vendor" in request.fixturenames:
        off = {"manual": None, "manual_first": False, "escaped": True, "token_201": False}
        request.getfixturevalue("vendor").switch(**off)


# --- the kit --------------------------------------------------------------------------------------------------------


class TestIdenfy(KycKit):
    provider = IdenfyProvider
    signing_key = SIGNING_KEY
    secrets = (API_SECRET, SIGNING_KEY, base64.b64encode(f"{API_KEY}:{API_SECRET}".encode()).decode())
    personal = ("SAMPLE-FIRST", "SAMPLE-LAST", "X00000000", "1990-01-01", "SAMPLE-STREET", "192.0.2.0", "Kaunas")
    examples = 8
    vendor: ClassVar[Vendor]

    @pytest.fixture(autouse=True, scope="class")
    @staticmethod
    def _serve(vendor: Vendor) -> None:
        TestIdenfy.vendor = vendor

    def make(self) -> IdenfyProvider:
        return self.vendor.made()

    def decide(self, plugin: Any, scan_ref: str, status: KycStatus) -> WebhookRequest:
        self.vendor.act(ACTS[status], scanRef=scan_ref)
        return self.vendor.callbacks(scan_ref)[-1]

    def preliminary(self, plugin: Any, scan_ref: str) -> WebhookRequest:
        self.vendor.act("review", scanRef=scan_ref)
        return self.vendor.callbacks(scan_ref)[-1]

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        return signed(body, key)


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_published_signatures(vector: dict[str, Any]) -> None:
    plugin = IdenfyProvider(
        IdenfySettings.model_validate({"key": "k", "secret": "s", "signing_keys": f"old, {vector['key']}"})
    )
    body = vector["body"].encode()

    def verify(value: str) -> str:
        headers = {vector["header"].lower(): value}
        return plugin.verify_webhook(WebhookRequest(headers=headers, body=body, received_at=NOW)).event_id

    assert verify(vector["expected"]).startswith("s1:final:")
    for wrong in [*(each["value"] for each in vector.get("must_not_match", ())), vector["expected"].upper(), "\udc80"]:
        with pytest.raises(InvalidSignature):
            verify(wrong)


# --- what is asked and answered -------------------------------------------------------------------------------------


def test_what_a_token_is_asked_for(vendor: Vendor) -> None:
    asked = order(locale="sw")
    attempt = vendor.provider.start(asked)
    kept = vendor.sandbox.store.get("idenfy", "attempt", attempt.scan_ref)
    assert kept is not None
    assert kept["_asked"] == {
        "clientId": asked.client_id,
        "tokenType": "IDENTIFICATION",
        "externalRef": asked.session_sid,
        "expiryTime": 3600,
        "successUrl": str(asked.success_url),
        "errorUrl": str(asked.failure_url),
        "unverifiedUrl": str(asked.review_url),
        "locale": "sw",
    }
    assert str(attempt.redirect_url) == f"{vendor.url}/idenfy/api/v2/redirect?authToken={kept['_token']}"
    page = vendor.http.get(str(attempt.redirect_url), follow_redirects=True)
    assert page.status_code == 200 and "Verify your identity" in page.text


def test_a_token_that_is_created_is_one_too(vendor: Vendor) -> None:
    vendor.switch(token_201=True)
    assert vendor.started()


def test_one_client_has_one_open_attempt(vendor: Vendor) -> None:
    first = order()
    ref = vendor.provider.start(first).scan_ref
    again = first.model_copy(update={"session_sid": new_sid()})
    with pytest.raises(Conflict):
        vendor.provider.start(again)
    vendor.act("deny", scanRef=ref)
    assert vendor.provider.start(again).scan_ref != ref


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ProviderRefused), (403, ProviderRefused), (404, NotFound), (409, Conflict), (429, ProviderUnavailable)]
    + [(each, ProviderUnavailable) for each in (500, 502, 503)],
)
def test_errors_of_the_vendor(vendor: Vendor, status: int, error: type[Exception]) -> None:
    ref = vendor.started()
    vendor.switch(api_fail={"status": status, "count": 1})
    with pytest.raises(error):
        vendor.provider.fetch(ref)


@pytest.mark.parametrize(
    ("identifier", "error"),
    [
        ("UNAUTHORIZED", ProviderRefused),
        ("TOO_MANY_REQUESTS", ProviderUnavailable),
        ("INTERNAL_ERROR", ProviderUnavailable),
        ("TOKEN_NOT_VALID", NotFound),
        ("BAD_VALUE", ProviderRefused),
        ("nonsense <b>", ProviderRefused),
    ],
)
def test_everything_may_be_a_400(identifier: str, error: type[Exception]) -> None:
    """As it was once; what the vendor says of our values is not repeated."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"identifier": identifier, "message": "Field 'x' must not be 'secret'."})

    api = Api("https://vendor.example", ("key", "secret"))
    api._http = httpx.Client(transport=httpx.MockTransport(answer))
    with pytest.raises(error) as raised:
        api.post("/api/v2/status", {})
    assert "secret" not in str(vars(raised.value)) and "<b>" not in str(vars(raised.value))


def test_a_wrong_key_is_refused(vendor: Vendor) -> None:
    with pytest.raises(ProviderRefused) as raised:
        vendor.made(secret="another").start(order())
    assert "another" not in str(vars(raised.value))


def test_a_lost_answer_is_an_outage(vendor: Vendor) -> None:
    vendor.switch(answers_lost={"count": 1})
    with pytest.raises(ProviderUnavailable):
        vendor.provider.start(order())


def test_an_open_attempt_is_not_erased(vendor: Vendor) -> None:
    ref = vendor.started()
    with pytest.raises(Conflict):
        vendor.provider.erase(ref)
    vendor.act("expire", scanRef=ref)
    vendor.provider.erase(ref)
    assert vendor.provider.fetch(ref).status is KycStatus.EXPIRED


# --- callbacks ------------------------------------------------------------------------------------------------------


def told(vendor: Vendor, ref: str) -> list[tuple[bool, KycStatus]]:
    """Each callback's `final` and status."""
    read = [vendor.provider.read_webhook(each) for each in vendor.callbacks(ref)]
    return [(each.final, each.status) for each in read if each is not None]


def test_people_decide_after_the_machine(vendor: Vendor) -> None:
    vendor.switch(manual="DENIED")
    ref = vendor.started()
    vendor.act("approve", scanRef=ref)
    assert told(vendor, ref) == [(False, KycStatus.COMPLETED), (True, KycStatus.FAILED)]
    heads = [vendor.provider.verify_webhook(each).event_id for each in vendor.callbacks(ref)]
    assert len(set(heads)) == 2
    assert vendor.provider.fetch(ref).status is KycStatus.FAILED


def test_an_expired_attempt_needs_no_final(vendor: Vendor) -> None:
    ref = vendor.started()
    vendor.act("expire", scanRef=ref)
    assert b'"final"' not in vendor.callbacks(ref)[0].body
    assert told(vendor, ref) == [(True, KycStatus.EXPIRED)]


@pytest.mark.parametrize("overall", ["REVIEWING", "ACTIVE", "ARCHIVED", "INVENTED-SINCE"])
def test_what_is_not_known_decides_nothing(overall: str) -> None:
    found = callback({"overall": overall})
    assert found is not None and not found.final and found.status is not KycStatus.COMPLETED


def callback(status: dict[str, Any], **fields: Any) -> KycVerdict | None:
    plugin = IdenfyProvider(IdenfySettings.model_validate({"key": "k", "secret": "s", "signing_keys": SIGNING_KEY}))
    request = signed(json.dumps({"scanRef": "s1", "final": True, "status": status, **fields}).encode())
    plugin.verify_webhook(request)
    return plugin.read_webhook(request)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"autoDocument": "DOC_EXPIRED", "autoFace": "FACE_MATCH"}, "The document has expired."),
        (
            {"autoDocument": "DOC_EXPIRED", "autoFace": "FACE_MATCH", "manualDocument": "DOC_TOO_BLURRY"},
            "The picture of the document is blurred.",
        ),
        (
            {"autoDocument": "DOC_DOB_ERROR", "autoFace": "FACE_MISMATCH"},
            "The document could not be accepted. The face does not match the document.",
        ),
        ({"mismatchTags": ["UNDER_AGE"]}, "Only adults can be verified."),
        ({}, "The documents could not be accepted."),
    ],
)
def test_a_denial_is_told_in_words(status: dict[str, Any], reason: str) -> None:
    found = callback({"overall": "DENIED", **status})
    assert found is not None and found.reason == reason


def test_tags_are_read_wherever_they_stand() -> None:
    odd: list[Any] = ["lower", 7, "X" * 99, None]
    found = callback({"overall": "SUSPECTED", "suspicionReasons": ["A_B", *odd], "fraudTags": ["C", "A_B"]})
    assert found is not None and sorted(found.tags) == ["A_B", "C"] and found.reason is None


@pytest.mark.parametrize(
    "body",
    [
        {"scanRef": "s1", "final": "true", "status": {"overall": "APPROVED"}},
        {"scanRef": "s1", "final": 1, "status": {"overall": "APPROVED"}},
        {"scanRef": "s1", "final": True, "finishTime": True, "status": {"overall": "APPROVED"}},
        {"scanRef": "s1", "final": True, "finishTime": -1, "status": {"overall": "APPROVED"}},
        {"scanRef": "s1", "final": True, "finishTime": 2**32, "status": {"overall": "APPROVED"}},
        {"scanRef": "s1", "final": True, "status": {"overall": {}}},
        {"scanRef": "a\0b", "final": True, "status": {"overall": "APPROVED"}},
        {"scanRef": "x" * 65, "final": True, "status": {"overall": "APPROVED"}},
        {"final": True, "status": {"overall": "APPROVED"}},
    ],
)
def test_what_cannot_be_a_callback_is_malformed(body: dict[str, Any]) -> None:
    plugin = IdenfyProvider(IdenfySettings.model_validate({"key": "k", "secret": "s", "signing_keys": SIGNING_KEY}))
    with pytest.raises(WebhookMalformed):
        plugin.verify_webhook(signed(json.dumps(body).encode()))


def test_another_programs_reference_is_no_session() -> None:
    for reference in (None, 7, "an order of theirs", "x" * 40, "é" * 8):
        found = callback({"overall": "APPROVED"}, externalRef=reference)
        assert found is not None and found.session_sid is None


# --- settings -------------------------------------------------------------------------------------------------------


def found(**environment: str) -> set[tuple[str, str]]:
    return {(fault, name) for fault, name, _ in review(IdenfySettings, "HERO_ONBOARDING_IDENFY_", environment)}


GOOD = {
    "IDENFY_API_KEY": "an-api-key-as-given",
    "IDENFY_API_SECRET": "a-secret-of-the-api",
    "IDENFY_WEBHOOK_SIGNING_KEY": "a-key-that-is-long-enough",
}


def test_what_must_not_go_into_production() -> None:
    assert found(**GOOD) == set()
    signing = "IDENFY_WEBHOOK_SIGNING_KEY"
    assert found(**{**GOOD, signing: "short"}) == {("weak", signing)}
    assert found(**{**GOOD, "IDENFY_API_SECRET": "the-secret-of-the-api", signing: "the-secret-of-the-api"}) == {
        ("weak", signing)
    }
    base = "HERO_ONBOARDING_IDENFY_BASE_URL"
    assert found(**GOOD, **{base: "http://127.0.0.1:9930/idenfy"}) == {("sandbox", base)}
    published = {"IDENFY_API_KEY": API_KEY, "IDENFY_API_SECRET": API_SECRET, signing: SIGNING_KEY}
    assert found(**published) == {("sandbox", name) for name in published}
    assert found() == {("missing", name) for name in published}


def test_it_says_what_it_was_not_told() -> None:
    with pytest.raises(SettingsMissing) as raised:
        read(IdenfySettings, "HERO_ONBOARDING_IDENFY_", {"IDENFY_API_KEY": "live"})
    assert raised.value.variables == ("IDENFY_API_SECRET", "IDENFY_WEBHOOK_SIGNING_KEY")
    in_sandbox = read(IdenfySettings, "HERO_ONBOARDING_IDENFY_", {"HERO_ONBOARDING_SANDBOX_URL": "http://s"})
    assert in_sandbox.api_url == "http://s/idenfy" and in_sandbox.credentials == (API_KEY, API_SECRET)
