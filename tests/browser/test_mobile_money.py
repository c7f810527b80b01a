"""A payment by ClickPesa in a real browser: by its page, declined and tried again, and by a prompt on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import balance, sign_in
from tests.server.people import Person

CLICKPESA = "Mobile money, by ClickPesa"


def choose(page: Page, product: Product, amount: str) -> None:
    """Fill in an amount, to be paid by ClickPesa."""
    page.goto(f"{product.url}/topup")
    phone = page.get_by_label("Phone number that pays")
    expect(phone).to_be_visible(visible=False)
    page.get_by_label("Another amount").fill(amount)
    page.get_by_label(CLICKPESA).check()
    expect(phone).to_be_visible()


def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_by_link_and_by_push(product: Product, visitor: Visitor, person: Person, scheme: str) -> None:
    small = {"width": 360, "height": 740}
    page = visitor(java_script_enabled=scheme == "light", viewport=small, color_scheme=scheme)
    sign_in(page, product, person)
    choose(page, product, "12.50")
    fits(page)
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(f"{product.sandbox}/clickpesa/pay/**")
    expect(page.get_by_role("heading", name="12.50 USD")).to_be_visible()
    fits(page)
    page.get_by_label("The payment is declined").check()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_label("The payment goes through", exact=True).check()
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url(f"{product.url}/payment/return?top_up=**")
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(page, product) == "$12.50"

    choose(page, product, "10")
    page.get_by_label("Phone number that pays").fill("0712345678")
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("heading", name="Confirm on your phone")).to_be_visible()
    phone = visitor(viewport=small, color_scheme=scheme)
    phone.goto(f"{product.sandbox}/clickpesa/phone")
    expect(phone.get_by_role("heading", name="Pay 26500 TZS?")).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="Approve").click()
    expect(phone.get_by_text("26500 TZS: SUCCESS").first).to_be_visible()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert balance(page, product) == "$22.50"

    page.get_by_role("link", name="Receipt").first.click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    paper = page.context.request.get(f"{page.url}.pdf")
    assert paper.ok and paper.body().startswith(b"%PDF-")
    page.get_by_role("link", name="The month on a statement").click()
    expect(page.locator(".facts")).to_contain_text("Balance after$22.50")
    fits(page)
