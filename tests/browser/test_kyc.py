"""Verification in a real browser: denied, approved, suspected, expired, set aside and begun anew; with and without
JavaScript, narrow and wide, light and dark."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import look, sign_in
from tests.server.people import Person
from tests.server.site import ADMIN
from tests.waiting import PATIENCE

DENIED, SUSPECTED, LOOKED_AT, LEFT = "Denied", "Suspected", "people look at it later", "Left unfinished"
APPROVED = "Approved at once"


def go_through(page: Page, product: Product, button: str, how: str) -> None:
    """From our page to the vendor's, and back."""
    page.goto(f"{product.url}/kyc")
    page.get_by_role("main").get_by_role("button", name=button).click()
    page.wait_for_url(f"{product.sandbox}/**")
    page.get_by_label(how).check()
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url(f"{product.url}/kyc**")


def set_aside(product: Product, person: Person) -> None:
    """An operator resets somebody's verification."""
    [(sid,)] = product.rows('SELECT sid FROM "user" WHERE mycelium_address = ?', person.address)
    product.site.call("kyc.reset", {"user_sid": sid, "reason": "looked at the documents"}, ADMIN)


def heading(page: Page, text: str) -> None:
    """The page comes to say so by itself."""
    expect(page.get_by_role("heading", name=text)).to_be_visible(timeout=PATIENCE * 1000)


def test_from_denied_to_verified_and_set_aside(product: Product, visitor: Visitor, person: Person, shots: Path) -> None:
    page = visitor(reduced_motion="reduce")
    sign_in(page, product, person)
    page.get_by_role("link", name="Verify your identity").click()
    heading(page, "Verify your identity")
    look(page, shots, "1-begin")
    page.get_by_role("button", name="Verify with iDenfy").click()
    page.wait_for_url(f"{product.sandbox}/**")
    look(page, shots, "2-vendor")
    page.goto(f"{product.url}/kyc")
    heading(page, "Go on with your verification")
    look(page, shots, "3-go-on")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{product.sandbox}/**")
    page.get_by_label(DENIED).check()
    page.get_by_role("button", name="Finish").click()
    heading(page, "It was not accepted")
    expect(page.get_by_text("The document has expired.")).to_be_visible()
    look(page, shots, "4-denied")

    go_through(page, product, "Try again", LOOKED_AT)
    heading(page, "Checking")
    look(page, shots, "5-checking")
    set_aside(product, person)
    page.goto(f"{product.url}/kyc")
    heading(page, "Verify your identity")
    go_through(page, product, "Verify with iDenfy", LEFT)
    heading(page, "It was not finished in time")
    look(page, shots, "6-expired")
    go_through(page, product, "Start again", APPROVED)
    heading(page, "You are verified")
    look(page, shots, "7-verified")
    page.goto(f"{product.url}/dashboard")
    expect(page.get_by_text("Your identity is verified")).to_be_visible()
    look(page, shots, "8-dashboard")


def test_suspected_and_begun_anew_without_javascript(
    product: Product, visitor: Visitor, person: Person, shots: Path
) -> None:
    page = visitor(java_script_enabled=False, viewport={"width": 360, "height": 800})
    sign_in(page, product, person)
    go_through(page, product, "Verify with iDenfy", SUSPECTED)
    heading(page, "People look at it")
    page.screenshot(path=shots / "9-review-360.png", full_page=True)
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    set_aside(product, person)
    go_through(page, product, "Verify with iDenfy", APPROVED)
    heading(page, "You are verified")


def test_the_switches_are_told(product: Product) -> None:
    told = httpx.get(f"{product.sandbox}/_control", timeout=PATIENCE).json()["idenfy"]
    assert {"approve", "deny", "suspect", "expire", "review", "tell", "release", "repeat"} <= told["acts"].keys()
    assert {"manual", "webhook_lost", "webhook_forge", "api_fail", "answers_lost"} <= told["switches"].keys()
