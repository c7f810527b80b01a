"""ClickPesa's webhooks: the contract's checksums, what they cover, what an event says, and unreadable input."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.errors.onboarding import InvalidSignature, WebhookMalformed
from generated.models.onboarding import PaymentEventKind, WebhookRequest
from providers.clickpesa import ClickPesaProvider, checksum, references, webhooks
from providers.sandbox.clickpesa import signing
from providers.sandbox.clickpesa.api import Keys
from tests.server.clickpesa_vendor import NOW, request, settings

VECTORS = json.loads((Path(__file__).parents[1] / "data/clickpesa_checksum.json").read_text())


def verifying(*keys: str) -> ClickPesaProvider:
    return ClickPesaProvider(settings("http://127.0.0.1:9", checksum_keys=",".join(keys or ("secret-key",))))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["name"])
def test_the_vectors_of_the_contract(vector: dict[str, Any]) -> None:
    payload = checksum.parsed(json.dumps(vector["payload"]))
    old = vector["algorithm"].startswith("old")
    text = checksum.old_text if old else checksum.canonical_text
    assert text(checksum.without_checksum(payload)) == vector["signed_text"]
    made = (checksum.old if old else checksum.canonical)(vector["key"], payload)
    assert made == vector["expected"]
    assert made == signing.checksum("old" if old else "canonical", vector["key"], vector["payload"])
    assert all(made != wrong["value"] for wrong in vector.get("must_not_match", ()))


REF = references.reference("0000TOPUP", 1000, push=False)
DATA = {"id": f"{REF}LCP1", "status": "SUCCESS", "orderReference": REF, "updatedAt": "2026-11-20T12:00:00.153Z"}
EVENT = {"event": "PAYMENT RECEIVED", "data": DATA}


def raw(body: str, headers: dict[str, str] | None = None) -> WebhookRequest:
    return WebhookRequest(headers=headers or {}, body=body.encode(), received_at=NOW)


def test_where_the_checksum_may_stand() -> None:
    provider = verifying("first-key", "second-key")
    for key in ("first-key", "second-key"):
        for method in ("canonical", "old"):
            assert provider.verify_webhook(request(EVENT, key, method)).event_id == f"{REF}LCP1:SUCCESS"
    digest = signing.checksum("canonical", "first-key", EVENT)
    assert provider.verify_webhook(raw(signing.compact(EVENT), {"x-clickpesa-signature": digest}))
    beside = signing.compact({**EVENT, "checksum": digest, "sentBy": "gateway"})
    assert provider.verify_webhook(raw(beside))  # one application hashes event and data alone
    for wrong in (raw(signing.compact(EVENT)), request(EVENT, "third-key"), raw(beside.replace("SUCCESS", "SETTLED"))):
        with pytest.raises(InvalidSignature):
            provider.verify_webhook(wrong)


def test_the_old_checksum_covers_the_data() -> None:
    """As JavaScript joins an object it would be `[object Object]`, and say nothing of what is in it."""
    for text in ("[object Object]PAYMENT RECEIVED", "PAYMENT RECEIVED"):
        digest = hmac.new(b"secret-key", text.encode(), "sha256").hexdigest()
        with pytest.raises(InvalidSignature):
            verifying().verify_webhook(raw(signing.compact({**EVENT, "checksum": digest})))
    # Two values whose texts may be cut otherwise: an object and a word only.
    loose = {"event": "PAYMENT ", "data": DATA, "more": "RECEIVED"}
    with pytest.raises(InvalidSignature):
        verifying().verify_webhook(request(loose, "secret-key", "old"))


def test_numbers_keep_their_text() -> None:
    text = '{"data":{"big":1e21,"collectedAmount":10000.50,"id":"x","status":"SUCCESS"},"event":"PAYMENT RECEIVED"}'
    digest = hmac.new(b"secret-key", text.encode(), "sha256").hexdigest()
    assert verifying().verify_webhook(raw(f'{text[:-1]},"checksum":"{digest}"}}'))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_canonical_text_is_that_of_a_reader_of_the_documents(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    if all(ord(sign) < 0x10000 for sign in json.dumps(value, ensure_ascii=False)):  # beyond, JavaScript sorts otherwise
        assert checksum.canonical_text(checksum.parsed(text)) == signing.compact(value)


def test_keys_are_sorted_as_javascript_does() -> None:
    assert checksum.canonical_text({"\uff61": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\uff61":1}'


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from('{}[]":,0189.eventdatPAYMENT \\ud800'), max_size=60).map(str.encode)
)
def test_any_bytes_are_answered(body: bytes) -> None:
    found = WebhookRequest(headers={}, body=body, received_at=NOW)
    for act in (verifying().verify_webhook, verifying().read_webhook):
        with pytest.raises((InvalidSignature, WebhookMalformed)):
            act(found)


def test_what_is_larger_than_any_event_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mebibyte that nobody signed would cost seconds: what was signed is known only once it was taken apart."""
    large = request({"event": "PAYMENT RECEIVED", "data": {"a": [1] * 20_000}})
    monkeypatch.setattr(checksum, "parsed", lambda body: pytest.fail("it was read"))
    for act in (verifying().verify_webhook, verifying().read_webhook):
        with pytest.raises(WebhookMalformed, match="cannot be read"):
            act(large)


def test_each_text_that_may_be_signed_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys are good during a rotation."""
    made: list[bytes] = []
    whole = checksum.canonical_bytes

    def counted(body: checksum.JsonObject) -> bytes:
        made.append(whole(body))
        return made[-1]

    webhook = request({"event": "PAYMENT RECEIVED", "data": {"id": "x"}})
    monkeypatch.setattr(checksum, "canonical_bytes", counted)
    with pytest.raises(InvalidSignature):
        webhooks.verify(webhook, ["one", "two", "three"])
    assert len(made) == 1


@pytest.mark.parametrize("spelling", ["event", "eventType"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("PAYMENT RECEIVED", PaymentEventKind.PAYMENT_SUCCEEDED), ("PAYMENT FAILED", PaymentEventKind.PAYMENT_FAILED)],
)
def test_both_spellings_and_both_forms_of_the_data(spelling: str, name: str, kind: PaymentEventKind) -> None:
    provider = verifying(Keys.checksum_key)
    newer = {**DATA, "collectedAmount": "10.00", "collectedCurrency": "USD"}
    older = {**DATA, "paymentId": DATA["id"], "amount": "10.00", "currency": "USD", "customer": {"name": "Zoë"}}
    del older["id"]
    for data in (newer, older):
        webhook = request({spelling: name, "data": data})
        head, notice = provider.verify_webhook(webhook), provider.read_webhook(webhook)
        assert head.event_type == name and notice is not None
        assert (notice.kind, notice.session_ref, notice.payment_ref) == (kind, REF, DATA["id"])
        assert (notice.event_id, notice.amount_minor, notice.currency) == (head.event_id, 1000, "USD")
        assert notice.fetch_first and notice.occurred_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_failure_without_an_amount() -> None:
    failed = {"eventType": "PAYMENT FAILED", "data": {**DATA, "status": "FAILED", "message": "Insufficient balance"}}
    notice = verifying().read_webhook(request(failed))
    assert notice is not None and (notice.amount_minor, notice.currency) == (0, "XXX")


@pytest.mark.parametrize("name", ["PAYOUT INITIATED", "PAYOUT REFUNDED", "PAYOUT REVERSED", "DEPOSIT RECEIVED", "NEW"])
def test_other_events_say_nothing(name: str) -> None:
    provider = verifying(Keys.checksum_key)
    found = request({"event": name, "data": {"id": "PO1", "status": "SUCCESS"}})
    assert provider.verify_webhook(found).event_type == name
    assert provider.read_webhook(found) is None
    foreign = request({"event": "PAYMENT RECEIVED", "data": {**DATA, "orderReference": "ORD123456"}})
    assert provider.read_webhook(foreign) is None


def test_an_event_is_named_by_payment_and_status() -> None:
    provider = verifying(Keys.checksum_key)
    names = {
        provider.verify_webhook(request({"event": "PAYMENT RECEIVED", "data": {**DATA, **changed}})).event_id
        for changed in ({}, {"message": "again"}, {"status": "SETTLED"}, {"id": f"{REF}LCP2"})
    }
    assert names == {f"{REF}LCP1:SUCCESS", f"{REF}LCP1:SETTLED", f"{REF}LCP2:SUCCESS"}
