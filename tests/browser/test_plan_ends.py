"""A plan in a browser, month after month: bought by a double click, renewed, ended, and had back; a debt and its end.

The site and its sandbox follow a clock that jumps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from codegen.runtime.clock import SystemClock, follow
from tests.browser.conftest import CHROMIUM, Visitor
from tests.browser.product import Product
from tests.browser.steps import KEY, Look, balance, look, pay, reload_until, sign_in, top_up, verify
from tests.server.mycelium_node import running_node
from tests.server.people import Person
from tests.server.site import ADMIN

LOOKS: list[Look] = [(1280, "light"), (360, "dark")]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the time of the site."""
    return tmp_path_factory.mktemp("clock") / "clock"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, clock: Path) -> Iterator[Product]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `nox -s system` installs it")
    directory = tmp_path_factory.mktemp("product")
    with running_node() as node, Product(directory, node, TEST_CLOCK=str(clock)).running() as found:
        yield found


def jump(page: Page, product: Product, person: Person, clock: Path, time: timedelta) -> None:
    """Let time pass; who was signed in may have to do it again."""
    follow(clock)
    now = SystemClock().now() + time
    clock.write_text(now.isoformat())
    os.utime(clock)
    page.context.clear_cookies()
    sign_in(page, product, person)


def test_a_plan_month_after_month(product: Product, visitor: Visitor, person: Person, shots: Path, clock: Path) -> None:
    page = visitor(reduced_motion="reduce")
    sign_in(page, product, person)
    top_up(page, product, "25")
    verify(page, product)
    with product.pool(5):
        page.goto(f"{product.url}/plans")
        page.get_by_role("button", name="Buy 5 machines").dblclick()
        expect(page.get_by_text("0 of 5")).to_be_visible()
        assert product.rows("SELECT COUNT(*) FROM plan_purchase") == [(1,)]
        page.goto(f"{product.url}/vms")
        page.get_by_label("Public SSH key").fill(KEY)
        page.get_by_role("button", name="Start a machine").click()
        expect(page.get_by_text("Active", exact=True)).to_be_visible()
        page.goto(f"{product.url}/plans")
        page.get_by_role("button", name="Renew at its end").click()
        expect(page.get_by_text("It is renewed then for $10.00")).to_be_visible()

        jump(page, product, person, clock, timedelta(days=30, minutes=1))
        page.goto(f"{product.url}/dashboard")
        reload_until(page, page.locator(".amount[title='$5.00']"))
        page.goto(f"{product.url}/notices")
        expect(page.get_by_text("was renewed for $10.00")).to_be_visible()
        page.goto(f"{product.url}/plans")
        expect(page.get_by_text("1 of 5")).to_be_visible()
        page.get_by_role("button", name="Do not renew").click()
        expect(page.get_by_text("It is not renewed")).to_be_visible()

        jump(page, product, person, clock, timedelta(days=30, minutes=1))
        page.goto(f"{product.url}/plans")
        reload_until(page, page.get_by_text("Its machines are stopped."))
        look(page, shots, "1-ended", LOOKS)
        page.get_by_role("link", name="Add credit first").first.click()
        top_up(page, product, "20")
        page.goto(f"{product.url}/plans")
        page.get_by_role("button", name="Buy 5 machines").click()
        expect(page.get_by_text("1 of 5")).to_be_visible()
        page.goto(f"{product.url}/vms")
        reload_until(page, page.get_by_text("Active", exact=True))
        look(page, shots, "2-had-back", LOOKS)
        assert balance(page, product) == "$15.00"

        [(sid,)] = product.rows('SELECT sid FROM "user" WHERE mycelium_address = ?', person.address)
        debt = {"sid": sid, "balance_cents": -2732, "reason": "used more than was paid"}
        product.site.call("billing.set_credit_balance", debt, ADMIN)
        page.goto(f"{product.url}/notices")
        expect(page.get_by_text("Your balance is -$27.32, below the limit of -$5.00")).to_be_visible()
        page.goto(f"{product.url}/vms")
        expect(page.get_by_text("Active", exact=True)).to_be_visible()  # a paid plan goes on
        page.get_by_role("button", name="Start a machine").click()
        expect(page.get_by_role("alert").get_by_role("link", name="Add credit")).to_be_visible()
        page.goto(f"{product.url}/dashboard")
        look(page, shots, "3-debt", LOOKS)
        page.get_by_role("link", name="Add $28.00").click()
        page.get_by_role("button", name="Continue to payment").click()
        page.wait_for_url(f"{product.sandbox}/**")
        pay(page)
        expect(page.get_by_role("heading", name="Paid")).to_be_visible()
        assert balance(page, product) == "$0.68"
        page.goto(f"{product.url}/notices")
        expect(page.get_by_text("your services are back")).to_be_visible()
    follow(None)
