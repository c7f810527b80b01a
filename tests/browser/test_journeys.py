"""From a key to a paid top-up in a real browser, with everything that goes wrong on the way."""

import re
import time

import httpx
import pytest
import stripe
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import ACCEPTED, DECLINED, LATER, ask, balance, pay, reload_until, sign_in, top_up
from tests.server.people import Person
from tests.waiting import PATIENCE, wait_for


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_from_a_key_to_a_paid_top_up(product: Product, visitor: Visitor, person: Person, javascript: bool) -> None:
    page = visitor(java_script_enabled=javascript)
    page.goto(f"{product.url}/")
    page.get_by_role("link", name="Start with your Mycelium key").click()
    expect(page.locator("#login-command")).to_have_text(f"hero-onboarding login {product.url}")
    expect(page.get_by_role("button", name="Copy")).to_be_visible(visible=javascript)
    sign_in(page, product, person)
    assert page.locator(".amount").get_attribute("title") == "$0.00"
    expect(page.get_by_text("Nothing has moved yet.")).to_be_visible()

    page.get_by_text("$50").check()
    page.get_by_role("button", name="Add credit").click()
    page.wait_for_url(f"{product.sandbox}/**")
    expect(page.get_by_role("heading", name="50.00 USD")).to_be_visible()
    pay(page, DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("declined")
    assert product.top_up(person)[3] == "open"
    pay(page, ACCEPTED)
    page.wait_for_url(f"{product.url}/payment/return**")
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(page.get_by_text("$50.00 is in your balance.")).to_be_visible()
    page.get_by_role("link", name="Go to the dashboard").click()
    assert page.locator(".amount").get_attribute("title") == "$50.00"

    line = page.locator("summary.line", has_text="Top-up")
    expect(line).to_contain_text("+$50.00")
    line.click()
    inside = page.locator("details .inside")
    payment = product.top_up(person)[2]
    expect(inside).to_contain_text(f"payment:stripe:{payment}")
    expect(inside.get_by_role("row", name="Purchased credit")).to_contain_text("+$50.00")
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text(str(payment))


def test_a_sealed_challenge_by_copy_and_paste(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    page.goto(f"{product.url}/ledger?account=held")
    expect(page).to_have_url(re.compile(r"/login\?next=/ledger"))
    page.get_by_label("Public key or Mycelium address").fill("not a key")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("public key")
    expect(page.get_by_label("Public key or Mycelium address")).to_have_value("notakey")

    page.get_by_label("Public key or Mycelium address").fill(f" {person.public_key.upper()} ")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Paste the answer").fill("A" * 43)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong, too old or already used")

    page.get_by_label("Public key or Mycelium address").fill(person.public_key)
    page.get_by_role("button", name="Continue").click()
    challenge = page.locator("#answer-command").inner_text().split()[-1]
    page.get_by_label("Paste the answer").fill(product.answer(person, challenge))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{product.url}/ledger?account=held")
    page.goto(f"{product.url}/sessions")
    expect(page.get_by_text("Failed try")).to_be_visible()


def test_a_code_by_message(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor(java_script_enabled=False)
    page.goto(f"{product.url}/login")
    page.get_by_label("Public key or Mycelium address").fill(person.public_key)
    page.get_by_label("Send a code to my node").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#read-command")).to_have_text("mycelium message receive -t hero.login")
    assert product.node.messages[-1]["pk"] == person.public_key
    page.get_by_label("Type the code").fill(product.node.code().lower())
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{product.url}/dashboard")


def test_a_link_works_once(product: Product, visitor: Visitor, person: Person) -> None:
    link = product.link(person)
    page, other = visitor(), visitor()
    page.goto(link)
    other.goto(link)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    other.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("alert")).to_contain_text("already used")
    other.goto(f"{product.url}/dashboard")
    expect(other).to_have_url(re.compile("/login"))


def test_a_form_sent_twice_is_one_top_up(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    form = page.locator("form[action='/payment/intent'] input[type=hidden]")
    fields = {each.get_attribute("name") or "": each.input_value() for each in form.all()}
    there = [
        page.context.request.post(
            f"{product.url}/payment/intent",
            form={**fields, "provider": "stripe", "amount_cents": "1000"},
            headers={"Origin": product.url},
            max_redirects=0,
        )
        for _ in range(2)
    ]
    assert [answer.status for answer in there] == [303, 303]
    assert there[0].headers["location"] == there[1].headers["location"]
    page.goto(f"{product.url}/topup")
    expect(page.locator(".payment")).to_have_count(1)


def test_a_late_webhook(product: Product, visitor: Visitor, person: Person) -> None:
    """The return page credits nothing; it says "confirming" until the webhook is there, and then shows it by itself."""
    page = visitor(java_script_enabled=False)
    sign_in(page, product, person)
    product.switch(webhooks="hold")
    ask(page, product, "25")
    pay(page)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    other = visitor(storage_state=page.context.storage_state())
    assert balance(other, product) == "$0.00"
    product.act("release")
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(page, product) == "$25.00"


def test_doubled_and_reversed_webhooks(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    product.switch(webhooks="hold", webhook_copies=3)
    ask(page, product, "12.34")
    pay(page)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    assert product.act("release", order="reversed")["released"] >= 6
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    wait_for(lambda: "waiting" not in [each["state"] for each in deliveries(product)])
    assert balance(page, product) == "$12.34"
    expect(page.locator("summary.line", has_text="Top-up")).to_have_count(1)


def deliveries(product: Product) -> list[dict[str, str]]:
    found: list[dict[str, str]] = httpx.get(f"{product.sandbox}/_control/stripe", timeout=PATIENCE).json()["deliveries"]
    return found


def test_a_forged_webhook_changes_nothing(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    product.switch(webhooks="hold")
    ask(page, product, "30")
    pay(page)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    session = product.top_up(person)[1]
    body = (
        '{"id":"evt_forged","object":"event","type":"checkout.session.completed","created":1700000000,"data":'
        f'{{"object":{{"id":"{session}","object":"checkout.session","payment_status":"paid"}}}}}}'
    )
    for key in ("whsec_of_somebody_else", ""):
        signature = stripe.WebhookSignature.generate_signature_header(body, key, int(time.time()))
        headers = {"Stripe-Signature": signature}
        forged = httpx.post(f"{product.url}/webhooks/stripe", content=body, headers=headers, timeout=PATIENCE)
        assert forged.status_code == 401
    tab = page.context.new_page()  # the first one loads itself again at any moment, which would end a visit elsewhere
    assert balance(tab, product) == "$0.00"
    product.switch(webhook_forge=True)
    product.act("release")
    tab.goto(f"{product.url}/payment/return?session_id={session}")
    expect(tab.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(tab, product) == "$30.00"


def test_a_restart_keeps_everything(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    top_up(page, product, "9.99")
    product.switch(webhooks="hold")
    ask(page, product, "5")
    pay(page)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    tab = page.context.new_page()
    page.close()  # it would load itself again in between, and be refused
    product.restart_site()
    assert balance(tab, product) == "$9.99"
    product.act("release")
    tab.goto(f"{product.url}/payment/return?top_up={product.top_up(person)[0]}")
    expect(tab.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(tab, product) == "$14.99"


def test_money_that_arrives_days_later(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    ask(page, product, "40")
    pay(page, LATER)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    product.act("fail_delayed", session=product.top_up(person)[1])
    expect(page.get_by_role("heading", name="The payment failed")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_label("Another amount")).to_have_value("40.00")
    page.get_by_role("button", name="Continue to payment").click()
    pay(page, LATER)
    expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()
    product.act("settle_delayed", session=product.top_up(person)[1])
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(page, product) == "$40.00"


def test_leaving_the_payment_page_and_an_expired_one(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    ask(page, product, "20")
    page.get_by_role("link", name="Back without paying").click()
    expect(page.get_by_role("heading", name="You left the payment page")).to_be_visible()
    page.get_by_role("link", name="Continue to pay $20.00").click()
    page.wait_for_url(f"{product.sandbox}/**")
    product.act("expire", session=product.top_up(person)[1])
    sid = product.top_up(person)[0]
    wait_for(lambda: product.top_up(person)[3] != "open")
    page.goto(f"{product.url}/payment/return?top_up={sid}")
    expect(page.get_by_role("heading", name="The payment page expired")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Continue to payment").click()
    pay(page)
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(page, product) == "$20.00"


def test_a_refund_and_a_dispute(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    top_up(page, product, "50")
    payment = product.top_up(person)[2]
    product.act("refund", payment_intent=payment, amount=2000)
    page.goto(f"{product.url}/ledger")
    refund = page.locator("summary.line", has_text="Refund")
    reload_until(page, refund)
    expect(refund).to_contain_text("\u2212$20.00")
    assert balance(page, product) == "$30.00"
    product.act("dispute", payment_intent=payment, amount=3000)
    page.goto(f"{product.url}/dashboard")
    reload_until(page, page.get_by_text("Spending is frozen"))
    expect(page.locator(".figures")).to_contain_text("Held")
    assert balance(page, product) == "$0.00"
    page.goto(f"{product.url}/ledger?account=held")
    expect(page.locator("summary.line")).to_contain_text("+$30.00")


def test_amounts_that_are_refused_stay_in_the_form(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    for amount, said in (
        ("4.99", "between $5.00 and $1,000.00"),
        ("1000.01", "between"),
        ("ten", "could not read"),
        ("12.345", "could not read"),
        ("-5", "could not read"),
        ("101", "up to $100.00 in all"),
    ):
        page.goto(f"{product.url}/topup")
        page.get_by_label("Another amount").fill(amount)
        page.get_by_role("button", name="Continue to payment").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
        shown = {"101": "101.00"}.get(amount, amount)
        expect(page.get_by_label("Another amount")).to_have_value(shown)
    product.switch(api_fail={"status": 500, "count": 10})
    page.get_by_label("Another amount").fill("10")
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")


def test_ending_another_session_and_all(product: Product, visitor: Visitor, person: Person) -> None:
    page, other, third = visitor(), visitor(), visitor()
    for each in (page, other, third):
        sign_in(each, product, person)
    page.goto(f"{product.url}/sessions")
    expect(page.get_by_role("button", name="End session")).to_have_count(2)
    page.get_by_role("button", name="End session").first.click()
    expect(page.get_by_role("status")).to_contain_text("session is ended")
    expect(page.get_by_role("button", name="End session")).to_have_count(1)
    for each in (other, third):
        each.goto(f"{product.url}/dashboard")
    ended = [each for each in (other, third) if "/login" in each.url]
    assert len(ended) == 1
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("status")).to_contain_text("every device")
    for each in (page, other, third):
        each.goto(f"{product.url}/dashboard")
        expect(each).to_have_url(re.compile("/login"))


def test_signing_out(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    sign_in(page, product, person)
    kept = visitor(storage_state=page.context.storage_state())
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    for each in (page, kept):
        each.goto(f"{product.url}/dashboard")
        expect(each).to_have_url(re.compile("/login"))


def test_nobody_is_led_elsewhere(product: Product, visitor: Visitor, person: Person) -> None:
    page = visitor()
    for goal in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        page.goto(f"{product.url}/login?next={goal}")
        page.get_by_label("Public key or Mycelium address").fill(person.public_key)
        page.get_by_role("button", name="Continue").click()
        challenge = page.locator("#answer-command").inner_text().split()[-1]
        page.get_by_label("Paste the answer").fill(product.answer(person, challenge))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{product.url}/dashboard")
        page.get_by_role("button", name="Sign out").click()
