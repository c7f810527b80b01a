"""Machines in a browser, with and without JavaScript side by side: none is free, one becomes free, it comes up, it is
given up."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import KEY, Look, look, reload_until, sign_in, top_up, verify
from tests.server.people import Person

HOUR = 3600
LOOKS: list[Look] = [(1280, "light"), (360, "dark")]


def start(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/vms")
    page.get_by_label("Public SSH key").fill(KEY)
    page.get_by_role("button", name="Start a machine").click()


def test_a_machine_that_is_waited_for(product: Product, visitor: Visitor, person: Person, shots: Path) -> None:
    page, plain = visitor(reduced_motion="reduce"), visitor(java_script_enabled=False)
    sign_in(page, product, person)
    top_up(page, product, "25")
    verify(page, product)
    with product.pool(5):  # plans are sold only as long as there are machines for them
        page.goto(f"{product.url}/plans")
        page.get_by_role("button", name="Buy 5 machines").click()
    sign_in(plain, product, person)

    start(page, product)
    expect(page.get_by_role("alert")).to_contain_text("You are on the waiting list")
    waiting = page.get_by_role("heading", name="Waiting list")
    expect(waiting).to_be_visible()
    expect(page.get_by_text("You are next.")).to_be_visible()
    expect(page.get_by_text("0 of 5")).to_be_visible()
    expect(page.get_by_role("button", name="Start a machine")).to_have_count(0)
    look(page, shots, "1-waiting", LOOKS)
    plain.goto(f"{product.url}/vms")
    assert 'http-equiv="refresh" content="60; url=/vms"' in plain.content(), "it looks again by itself"

    page.get_by_role("button", name="Wait no more").click()
    expect(page.get_by_role("status").first).to_contain_text("You wait no more.")
    expect(waiting).to_have_count(0)
    assert page.get_by_label("Public SSH key").input_value() == KEY, "nobody types a key twice"
    start(page, product)
    expect(waiting).to_be_visible()
    with product.pool(1):
        active = page.get_by_text("Active", exact=True)
        expect(active).to_be_visible()  # nobody touched the page
        for gone in (waiting, page.get_by_role("alert")):
            expect(gone).to_have_count(0)
        expect(page.get_by_text("It takes one of the 4 places that are left")).to_be_visible()
        reload_until(plain, plain.get_by_text("Active", exact=True))
        look(page, shots, "2-served", LOOKS)
        sid = product.rows("SELECT MAX(sid) FROM vm_allocation WHERE status = 'active'")[0][0]
        comes_up_again(product, page, plain, sid, shots)
        release(product, page, plain, sid, shots)


def comes_up_again(product: Product, page: Page, plain: Page, sid: str, shots: Path) -> None:
    """As a machine that takes a while: its provisioner is asked again by the site, and both pages show it."""

    def check_at(moment: float) -> None:
        product.change(
            "UPDATE vm_allocation SET status = 'provisioning', next_check_at = ? WHERE sid = ?", int(moment), sid
        )

    check_at(time.time() + HOUR)
    for each in (page, plain):
        each.goto(f"{product.url}/vms")
        expect(each.get_by_text("Provisioning", exact=True)).to_be_visible()
    look(page, shots, "3-provisioning", LOOKS)
    page.get_by_text("Release", exact=True).click()
    expect(page.get_by_text("It is given up before it runs.")).to_be_visible()
    page.get_by_text("Release", exact=True).click()
    page.get_by_role("heading", name="Your machines").click()  # a page that somebody is at does not change
    check_at(time.time())
    for each in (page, plain):
        expect(each.get_by_text("Active", exact=True)).to_be_visible()  # nobody loaded it again


def release(product: Product, page: Page, plain: Page, sid: str, shots: Path) -> None:
    plain.get_by_text("Release", exact=True).click()
    look(plain, shots, "4-sure", LOOKS)
    plain.get_by_role("button", name="Release for good").click()
    expect(plain.get_by_role("status").first).to_contain_text("its place in your plan is free")
    expect(plain.get_by_text("0 of 5")).to_be_visible()
    [(vm,)] = product.rows("SELECT sid FROM pool_vm WHERE allocation_sid = ? AND state = 'dirty'", sid)
    start(page, product)
    expect(page.get_by_role("heading", name="Waiting list")).to_be_visible()  # it is not wiped yet
    product.site.command("pool", "wiped", vm)
    reload_until(page, page.get_by_text("Active", exact=True))
    page.get_by_text("Release", exact=True).click()
    page.get_by_role("button", name="Release for good").click()
    expect(page.get_by_text("0 of 5")).to_be_visible()
    look(page, shots, "5-released", LOOKS)
