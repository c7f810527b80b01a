"""The stand-in for the vendors, judged by Stripe's own SDK: what it takes, refuses, remembers, and sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Any

import falcon
import httpx
import pytest
import stripe

from providers.sandbox.app import Sandbox, create
from providers.sandbox.stripe import forms
from providers.sandbox.stripe.room import SECRET_KEY, SIGNING_KEY
from providers.stripe.settings import SANDBOX_SECRET_KEY, SANDBOX_SIGNING_KEY
from tests.programs import free_port
from tests.server.payment_world import Now, serving
from tests.server.site import Site, running_sandbox
from tests.waiting import PATIENCE, wait_for

PARAMS: dict[str, Any] = {
    "mode": "payment",
    "success_url": "https://site.example/ok?sid={CHECKOUT_SESSION_ID}",
    "line_items": [
        {"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 1234, "product_data": {"name": "Top-up <b>"}}}
    ],
}


class Receiver:
    """Whose webhooks are called; answers what a test says."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()
        self.app = falcon.App()
        self.app.add_route("/webhooks/stripe", self)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        with self._lock:
            self.got.append((req.get_header("Stripe-Signature") or "", req.bounded_stream.read()))
        resp.status = self.status
        if self.status == 302:
            resp.location = "/elsewhere"

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


class Stand:
    def __init__(self, url: str, sandbox: Sandbox, clock: Now, receiver: Receiver) -> None:
        self.url, self.sandbox, self.clock, self.receiver = url, sandbox, clock, receiver
        self.sdk = stripe.StripeClient(SECRET_KEY, base_addresses={"api": f"{url}/stripe"}).v1
        self.http = httpx.Client(base_url=url, timeout=PATIENCE, verify=False)

    def control(self, **asked: Any) -> httpx.Response:
        return self.http.post("/_control/stripe", json=asked)

    def paid(self) -> Any:
        session = self.sdk.checkout.sessions.create(PARAMS)  # type: ignore[arg-type]
        assert self.control(act="pay", session=session.id).status_code == 200
        return self.sdk.checkout.sessions.retrieve(session.id)

    def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/_control/stripe").json()["deliveries"]
        return found

    def settled(self) -> bool:
        return all(each["state"] != "waiting" for each in self.deliveries())


@contextmanager
def stand(path: Path | str, receiver: Receiver | None = None) -> Iterator[Stand]:
    receiver = receiver or Receiver()
    port, product = free_port(), free_port()
    clock = Now()
    url = f"http://127.0.0.1:{port}"
    sandbox = create(path, own_url=url, product_url=f"http://127.0.0.1:{product}", clock=clock)
    with serving(sandbox.app, port), serving(receiver.app, product):
        sandbox.deliveries.start()
        try:
            yield Stand(url, sandbox, clock, receiver)
        finally:
            sandbox.close()


@pytest.fixture
def sandbox() -> Iterator[Stand]:
    with stand(":memory:") as found:
        yield found


# --- the API --------------------------------------------------------------------------------------------------------


def changed(**other: Any) -> dict[str, Any]:
    return {name: value for name, value in {**PARAMS, **other}.items() if value is not None}


def item(**other: Any) -> list[dict[str, Any]]:
    price = {"currency": "usd", "unit_amount": 1234, "product_data": {"name": "x"}}
    return [{"quantity": 1, "price_data": {**price, **other}}]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        (changed(success_url=None, mode=None), None),
        (changed(payment_method_types=["card"]), "payment_method_types"),
        (changed(surprise=1), "surprise"),
        (changed(line_items=None), "line_items"),
        (changed(line_items=[]), "line_items"),
        (changed(line_items=item(unit_amount="12.3")), "line_items[0][price_data][unit_amount]"),
        (changed(line_items=item(unit_amount=-5)), "line_items[0][price_data][unit_amount]"),
        (changed(line_items=item(surprise=1)), "line_items[0][price_data][surprise]"),
        (
            changed(line_items=[{"quantity": 1, "price_data": {"unit_amount": 5}}]),
            "line_items[0][price_data][currency]",
        ),
        (changed(line_items=item(unit_amount=49)), None),
        (changed(line_items=[*item(), *item(currency="eur")]), "line_items"),
        (changed(mode="subscription"), "mode"),
        (changed(mode="foo"), "mode"),
        (changed(expires_at=1), "expires_at"),
        (changed(expires_at=int(time()) + 25 * 3600), "expires_at"),
        (changed(payment_intent_data={"surprise": 1}), "payment_intent_data[surprise]"),
    ],
)
def test_what_the_api_refuses(sandbox: Stand, params: dict[str, Any], param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.sdk.checkout.sessions.create(params)  # type: ignore[arg-type]
    assert refused.value.http_status == 400 and refused.value.request_id
    assert param is None or refused.value.param == param
    assert sandbox.sdk.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    "params", [{"amount": "1.5"}, {"amount": 0}, {"amount": 1235}, {"amount": -1}, {"surprise": 1}, {"reason": "bored"}]
)
def test_what_refunds_refuse(sandbox: Stand, params: dict[str, Any]) -> None:
    payment = sandbox.paid().payment_intent
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.sdk.refunds.create({"payment_intent": payment, **params})  # type: ignore[arg-type]
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.sdk.refunds.create({})
    assert sandbox.sdk.refunds.list().data == []


def test_errors_as_the_sdk_reads_them(sandbox: Stand) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        sandbox.sdk.checkout.sessions.retrieve("cs_test_nothing")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": f"{sandbox.url}/stripe"})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.events.list()
    assert sandbox.http.get("/stripe/v1/checkout/sessions").status_code == 401
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.sdk.customers.list()
    sandbox.control(api_fail={"status": 503, "count": 1})
    with pytest.raises(stripe.APIError):
        sandbox.sdk.events.list()
    assert sandbox.sdk.events.list().data == []


def test_an_idempotency_key_is_one_act(sandbox: Stand) -> None:
    def create(params: dict[str, Any]) -> Any:
        return sandbox.sdk.checkout.sessions.create(params, {"idempotency_key": "k1"})  # type: ignore[arg-type]

    first = create(PARAMS)
    assert create(PARAMS).id == first.id
    assert len(sandbox.sdk.checkout.sessions.list().data) == 1
    with pytest.raises(stripe.IdempotencyError):
        create(changed(line_items=item()))
    refused = {"idempotency_key": "k2"}
    for _ in range(2):  # a refusal is remembered, too
        with pytest.raises(stripe.InvalidRequestError):
            sandbox.sdk.checkout.sessions.create(changed(mode="foo"), refused)  # type: ignore[arg-type]
    with pytest.raises(stripe.IdempotencyError):
        sandbox.sdk.checkout.sessions.create(PARAMS, refused)  # type: ignore[arg-type]


def test_one_key_at_once(sandbox: Stand) -> None:
    found: list[str] = []

    def create() -> None:
        client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": f"{sandbox.url}/stripe"}, max_network_retries=3)
        found.append(client.v1.checkout.sessions.create(PARAMS, {"idempotency_key": "k"}).id)  # type: ignore[arg-type]

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_objects_and_lists(sandbox: Stand) -> None:
    session = sandbox.paid()
    assert (session.status, session.payment_status, session.url, session.amount_total, session.currency) == (
        "complete",
        "paid",
        None,
        1234,
        "usd",
    )
    whole = sandbox.sdk.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert whole.payment_intent.latest_charge.status == "succeeded"  # type: ignore[union-attr]
    assert isinstance(session.payment_intent, str)
    found = sandbox.sdk.checkout.sessions.list({"payment_intent": session.payment_intent})
    assert [each.id for each in found.data] == [session.id]
    assert sandbox.sdk.checkout.sessions.list({"payment_intent": "pi_other"}).data == []
    assert len(sandbox.sdk.checkout.sessions.line_items.list(session.id).data) == 1
    assert {event.type for event in sandbox.sdk.events.list().data} >= {
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
    }
    assert [event.type for event in sandbox.sdk.events.list({"type": "charge.succeeded"}).data] == ["charge.succeeded"]
    assert not any(name.startswith("_") for name in session.to_dict())
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.sdk.checkout.sessions.expire(session.id)


def test_forms() -> None:
    text = "a=1&b[c]=2&d[0][e]=3&d[1][e]=4&f[]=5&f[]=6&g="
    assert forms.decode(text) == {"a": "1", "b": {"c": "2"}, "d": [{"e": "3"}, {"e": "4"}], "f": ["5", "6"], "g": ""}
    for wrong in ("d[0]=1&d[2]=2", "a=1&a[b]=2", "a]b[=1", "[]=1"):
        with pytest.raises(forms.FormError):
            forms.decode(wrong)


# --- the hosted page ------------------------------------------------------------------------------------------------


def test_the_hosted_page(sandbox: Stand) -> None:
    session = sandbox.sdk.checkout.sessions.create(PARAMS)  # type: ignore[arg-type]
    assert session.url is not None and session.url.startswith(f"{sandbox.url}/stripe/pay/{session.id}#")
    page = sandbox.http.get(f"/stripe/pay/{session.id}")
    assert page.status_code == 200 and "12.34 USD" in page.text and "Top-up &lt;b&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert sandbox.http.get("/stripe/pay/cs_none").status_code == 404
    assert sandbox.http.get("/static/sandbox.css").status_code == 200
    form = {"method": "4000000000009995", "email": "a@example.org"}
    assert sandbox.http.post(f"/stripe/pay/{session.id}", data=form).status_code == 402
    sandbox.control(decline_all=True)
    assert sandbox.http.post(f"/stripe/pay/{session.id}", data={"method": "4242424242424242"}).status_code == 402
    sandbox.control(decline_all=False)
    done = sandbox.http.post(f"/stripe/pay/{session.id}", data={"method": "4242424242424242"})
    assert (done.status_code, done.headers["location"]) == (303, f"https://site.example/ok?sid={session.id}")
    again = sandbox.http.post(f"/stripe/pay/{session.id}", data={"method": "4242424242424242"})
    assert again.status_code == 402 and "complete" in again.text
    sandbox.clock.ahead += timedelta(days=1, minutes=1)
    late = sandbox.sdk.checkout.sessions.create(changed(expires_at=int(sandbox.clock.now().timestamp()) + 1800))  # type: ignore[arg-type]
    sandbox.clock.ahead += timedelta(minutes=31)
    assert sandbox.http.post(f"/stripe/pay/{late.id}", data={"method": "4242424242424242"}).status_code == 402
    assert sandbox.sdk.checkout.sessions.retrieve(late.id).status == "expired"


# --- webhooks -------------------------------------------------------------------------------------------------------


def test_webhooks_are_signed_as_stripe_does(sandbox: Stand) -> None:
    sandbox.paid()
    wait_for(sandbox.settled)
    assert "checkout.session.completed" in sandbox.receiver.types()
    for header, body in sandbox.receiver.got:
        event = stripe.Webhook.construct_event(body, header, SIGNING_KEY)
        assert event.api_version == stripe.api_version


@pytest.mark.parametrize("status", [500, 302, 404])
def test_webhooks_are_tried_again(sandbox: Stand, status: int) -> None:
    """Anything but 2xx is a failure; each try is signed anew; in the end it is given up."""
    sandbox.receiver.status = status
    session = sandbox.sdk.checkout.sessions.create(PARAMS)  # type: ignore[arg-type]
    sandbox.sdk.checkout.sessions.expire(session.id)
    for tries, seconds in ((1, 2), (2, 6), (3, 0)):
        # As the sandbox has noted it, not as we have received it: the next try is planned from that moment.
        wait_for(lambda: sandbox.deliveries()[0]["attempts"] == tries)  # noqa: B023
        sandbox.clock.ahead += timedelta(seconds=seconds)
    sandbox.receiver.status = 200 if status == 500 else status
    sandbox.clock.ahead += timedelta(seconds=31)
    wait_for(sandbox.settled)
    (delivery,) = sandbox.deliveries()
    assert delivery["state"] == ("delivered" if status == 500 else "failed")
    assert delivery["attempts"] == len(sandbox.receiver.got) == 4
    assert len({header for header, _ in sandbox.receiver.got}) == 4
    assert len({body for _, body in sandbox.receiver.got}) == 1


def test_switches_of_webhooks(sandbox: Stand) -> None:
    def expire() -> None:
        session = sandbox.sdk.checkout.sessions.create(PARAMS)  # type: ignore[arg-type]
        sandbox.sdk.checkout.sessions.expire(session.id)

    sandbox.control(webhooks="drop")
    expire()
    assert sandbox.http.get("/_control/stripe").json()["deliveries"] == []
    sandbox.control(webhooks="send", webhook_copies=2, webhook_forge=True)
    expire()
    wait_for(lambda: len(sandbox.receiver.got) == 3)
    valid = []
    for header, body in sandbox.receiver.got:
        try:
            stripe.Webhook.construct_event(body, header, SIGNING_KEY)
            valid.append(True)
        except stripe.SignatureVerificationError:
            valid.append(False)
    assert valid == [False, True, True]
    sandbox.control(webhook_copies=1, webhook_forge=False, webhook_delay=60)
    expire()
    sandbox.control(webhook_delay=0)
    expire()
    wait_for(lambda: sandbox.deliveries()[-1]["state"] == "delivered")
    assert len(sandbox.receiver.got) == 4 and not sandbox.settled(), "the one before it is not due yet"
    sandbox.clock.ahead += timedelta(seconds=61)
    wait_for(sandbox.settled)
    assert len(sandbox.receiver.got) == 5
    sandbox.control(webhooks="hold")
    session = sandbox.paid()
    assert session.status == "complete" and len(sandbox.receiver.got) == 5
    assert sandbox.control(act="release", order="reversed").json() == {"released": 4}
    wait_for(sandbox.settled)
    assert sandbox.receiver.types()[5:] == [
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]


def test_control_tells_what_it_can(sandbox: Stand) -> None:
    told = sandbox.http.get("/_control").json()["stripe"]
    assert {"webhooks", "webhook_forge", "decline_all", "api_fail", "settle_as"} <= told["switches"].keys()
    assert told["published"] == {
        "STRIPE_SANDBOX_SECRET_KEY": SANDBOX_SECRET_KEY,
        "STRIPE_WEBHOOK_SIGNING_KEY": SANDBOX_SIGNING_KEY,
    }
    for act in told["acts"]:
        assert sandbox.control(act=act).status_code in (200, 400), act
    assert sandbox.control(act="explode").status_code == 400
    assert sandbox.control(surprise=1).status_code == 400
    assert sandbox.control(act="refund", payment_intent="pi_none").status_code == 404
    assert sandbox.http.post("/_control/paypal", json={}).status_code == 404


NAMES = ("session", "order", "payment", "scanRef", "name")
WRONG_VALUES: tuple[Any, ...] = ("sometimes", -1, 1.5, True, [], [1], {}, {"other": 1}, {"count": "x"}, 5)
"""No switch takes all of them."""
NO_OBJECTS: tuple[Any, ...] = ([], 5, "x")
NO_NAMES: tuple[Any, ...] = (5, [], {})
NO_ACTS: tuple[dict[str, Any], ...] = (
    {"act": []},
    {"act": "release", "order": {}},
    *({"act": act, name: value} for act in ("pay", "approve", "create") for name in NAMES for value in NO_NAMES),
)


def test_what_control_cannot_take_is_refused_and_breaks_nothing(sandbox: Stand) -> None:
    """Of every vendor: no answer is a fault of the sandbox, a wrong value is not kept, and null is the default."""
    for vendor, told in sandbox.http.get("/_control").json().items():

        def control(asked: Any, vendor: str = vendor) -> httpx.Response:
            return sandbox.http.post(f"/_control/{vendor}", json=asked)

        for no_object in NO_OBJECTS:
            assert control(no_object).status_code == 400, (vendor, no_object)
        for act in NO_ACTS:
            assert control(act).status_code < 500, (vendor, act)
        for switch in told["switches"]:
            refused = [answer for value in WRONG_VALUES if (answer := control({switch: value})).status_code == 400]
            assert refused and refused[0].json()["description"] == told["switches"][switch], switch
            assert control({switch: None}).status_code == 200
        assert sandbox.http.get(f"/_control/{vendor}").json()["switches"] == {}
    session = sandbox.paid()
    assert session.payment_status == "paid"
    wait_for(sandbox.settled, "all webhooks to be delivered")


def test_it_remembers(tmp_path: Path) -> None:
    receiver = Receiver()
    with stand(tmp_path / "sandbox.db", receiver) as first:
        first.control(webhooks="hold")
        session = first.paid().id
    with stand(tmp_path / "sandbox.db", receiver) as second:
        assert second.sdk.checkout.sessions.retrieve(session).status == "complete"
        second.control(act="release")
        wait_for(second.settled)
        assert "checkout.session.completed" in receiver.types()


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_and_the_site(postgresql_url: str, tmp_path: Path) -> None:
    """Real processes: a site that pays at the sandbox and hears from it; killed in between, nothing is lost."""
    port = free_port()
    sandbox_url = f"http://127.0.0.1:{port}"
    clock = tmp_path / "clock"
    site = Site(
        tmp_path, postgresql_url, SANDBOX_URL=sandbox_url, RATE_LIMITS="off", WORKERS="2", TEST_CLOCK=str(clock)
    )
    site.command("migrate")
    key = site.command("apikey", "create", "--user", _user(postgresql_url), "--name", "test")
    caller = {"Authorization": f"Bearer {key}"}

    def start() -> Any:
        return site.call("payments.create_top_up", {"provider": "stripe", "amount_cents": 1000}, caller)

    def shown(started: Any) -> Any:
        return site.call("top_up.get", {"sid": started["top_up_sid"]}, caller)

    def balance() -> Any:
        found = site.call("billing.find", {"filter": {}}, caller)["items"]
        return found[0]["credit_balance"] if found else None

    with running_sandbox(site, port), site.running():
        started = start()
        _act(sandbox_url, act="pay", session=shown(started)["session_ref"])
        wait_for(lambda: balance() == "10.00")
        assert shown(started)["status"] == "settled"
        clock.write_text("2099-03-01T00:00:00Z")  # both jump: what the one signs is fresh to the other
        _act(sandbox_url, webhooks="hold")
        started = start()
        _act(sandbox_url, act="pay", session=shown(started)["session_ref"])
    with site.running(), running_sandbox(site, port):
        _act(sandbox_url, act="release", order="shuffled")
        wait_for(lambda: balance() == "20.00")
        assert shown(started)["settled_at"].startswith("2099-03-01")
        # A refund's own event does not tell the total: the job of the running site asks.
        _act(sandbox_url, webhooks="send")
        _act(sandbox_url, act="refund", payment_intent=shown(started)["payment_ref"], amount=300)
        wait_for(lambda: balance() == "17.00" and len(_inbox(site)) == 11)
        wait_for(lambda: all(entry["state"] in ("applied", "ignored") for entry in _inbox(site)))
        assert json.loads(site.command("worker", "--once")) == {"failed": []}
    assert site.command("audit")


def _user(database_url: str) -> str:
    from codegen.runtime.storage.database import Database
    from codegen.runtime.storage.store import Store
    from generated.tables.onboarding import USER

    database = Database.open(database_url)
    user = Store.of(USER, database).new({"mycelium_address": "400::1", "public_key": "ab" * 32}, Now().now())
    database.close()
    return user.sid


def _inbox(site: Site) -> list[dict[str, Any]]:
    from tests.server.site import ADMIN

    found: list[dict[str, Any]] = site.call("webhook_inbox_entry.list_full", {}, ADMIN)["items"]
    return found


def _act(url: str, **asked: Any) -> None:
    answer = httpx.post(f"{url}/_control/stripe", json=asked, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
