"""A newcomer's first hour by the pages alone: login, credit, verification, a plan, a machine that runs, its release.

Every step is the one that the page before it leads to.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import KEY, Look, look, pay, sign_in
from tests.server.people import Person
from tests.waiting import PATIENCE

LOOKS: list[Look] = [(1280, "light"), (360, "dark")]


def follow(page: Page, name: str) -> None:
    """Go where the next step leads."""
    page.locator(".path").get_by_role("link", name=name).click()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_from_a_key_to_a_machine(
    product: Product, visitor: Visitor, person: Person, shots: Path, javascript: bool
) -> None:
    looks = LOOKS if javascript else []
    page = visitor(java_script_enabled=javascript, reduced_motion="reduce")
    with product.pool(5):
        sign_in(page, product, person)
        expect(page.get_by_role("heading", name="Up to your first machine")).to_be_visible()
        look(page, shots, "1-newcomer", looks)
        follow(page, "Add credit")
        page.get_by_text("$25").check()
        page.get_by_role("button", name="Add credit").click()
        page.wait_for_url(f"{product.sandbox}/**")
        pay(page)
        expect(page.get_by_role("heading", name="Paid")).to_be_visible()
        look(page, shots, "2-paid", looks)
        page.get_by_role("link", name="Go to the dashboard").click()
        follow(page, "Verify your identity")
        page.get_by_role("button", name=re.compile("^Verify with")).click()
        page.wait_for_url(f"{product.sandbox}/**")
        page.get_by_label("Approved at once").check()
        page.get_by_role("button", name="Finish").click()
        expect(page.get_by_role("heading", name="You are verified")).to_be_visible(timeout=PATIENCE * 1000)
        page.get_by_role("link", name="Choose a plan").click()
        look(page, shots, "3-plans", looks)
        page.get_by_role("button", name="Buy 5 machines").click()
        expect(page.get_by_role("status")).to_contain_text("The plan is yours.")
        look(page, shots, "4-plan", looks)
        page.get_by_role("status").get_by_role("link", name="Start your first machine").click()
        page.get_by_label("Public SSH key").fill(KEY[:60])
        page.get_by_role("button", name="Start a machine").click()
        expect(page.get_by_role("alert")).to_contain_text("That is no public SSH key.")
        page.get_by_label("Public SSH key").fill(KEY)
        page.get_by_role("button", name="Start a machine").click()
        expect(page.get_by_text("1 of 5")).to_be_visible()
        expect(page.get_by_text("Active", exact=True)).to_be_visible(timeout=PATIENCE * 1000)
        look(page, shots, "5-machines", looks)

        page.goto(f"{product.url}/dashboard")
        expect(page.locator(".path")).to_have_count(0)
        expect(page.get_by_text("1 of 5")).to_be_visible()
        expect(page.locator("summary.line", has_text="Plan")).to_contain_text("−$10.00")
        assert page.locator(".amount").get_attribute("title") == "$15.00"
        look(page, shots, "6-dashboard", looks)
        page.get_by_role("link", name="Usage", exact=True).click()
        expect(page.get_by_text("Nothing was used in these days.")).to_be_visible()
        page.goto(f"{product.url}/vms")
        page.get_by_text("Release", exact=True).click()
        page.get_by_role("button", name="Release for good").click()
        expect(page.get_by_role("status").first).to_contain_text("That machine is released")
        expect(page.get_by_text("0 of 5")).to_be_visible()
        look(page, shots, "7-released", looks)
