"""What people do in a browser, step by step."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect

from tests.browser.product import Product
from tests.server.people import Person
from tests.waiting import wait_for

ACCEPTED, DECLINED, LATER = "Card that is accepted", "Card that is declined", "Bank debit"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAabcdefghijklmnopqrstuvwxyz0123456789ABCDEF me@laptop"
Look = tuple[int, Literal["light", "dark"]]
LOOKS: list[Look] = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]


def look(page: Page, shots: Path, name: str, looks: list[Look] = LOOKS) -> None:
    """Keep the page in every look; nothing scrolls sideways."""
    for width, scheme in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
        page.screenshot(path=shots / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})


def sign_in(page: Page, product: Product, person: Person) -> None:
    """Open the link of the login program and press its button."""
    page.goto(product.link(person))
    expect(page.get_by_role("heading", name="Sign in as this key?")).to_be_visible()
    assert "".join(page.locator(".mono.strong").inner_text().split()) == person.address
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{product.url}/dashboard")


def ask(page: Page, product: Product, amount: str) -> None:
    """Fill in an amount on the page for adding credit, and go to the vendor's page."""
    page.goto(f"{product.url}/topup")
    page.get_by_label("Another amount").fill(amount)
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(f"{product.sandbox}/**")


def pay(page: Page, how: str = ACCEPTED) -> None:
    """Choose how the payment goes on the vendor's page, and press its button."""
    page.get_by_label(how).check()
    page.get_by_role("button", name="Pay").click()


def top_up(page: Page, product: Product, amount: str) -> None:
    """All of it, until it is paid."""
    ask(page, product, amount)
    pay(page)
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()


def verify(page: Page, product: Product) -> None:
    """Prove one's identity at the vendor, who accepts it at once."""
    page.goto(f"{product.url}/kyc")
    page.get_by_role("button", name="Verify with").click()
    page.wait_for_url(f"{product.sandbox}/**")
    page.get_by_label("Approved at once").check()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="You are verified")).to_be_visible()


def start_machine(page: Page, product: Product) -> None:
    """Buy the smallest plan and start a machine in it."""
    page.goto(f"{product.url}/plans")
    page.get_by_role("button", name="Buy 5 machines").click()
    page.goto(f"{product.url}/vms")
    page.get_by_label("Public SSH key").fill(KEY)
    page.get_by_role("button", name="Start a machine").click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()


def reload_until(page: Page, shown: Locator) -> None:
    """Load the page again until something stands on it: what a job of the site brings."""

    def stands() -> bool:
        page.reload()
        return shown.count() > 0

    wait_for(stands, f"{shown} on {page.url}")


def balance(page: Page, product: Product) -> str:
    """The balance that the dashboard shows, exactly."""
    page.goto(f"{product.url}/dashboard")
    shown = page.locator(".amount")
    exact = shown.get_attribute("title")
    assert exact is not None and shown.inner_text().replace("\n", "") == exact[: exact.index(".") + 3]
    return exact
