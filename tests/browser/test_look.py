"""Every page, narrow and wide, light and dark: nothing scrolls sideways, and axe finds nothing to object to."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from codegen.runtime.clock import SystemClock
from tests.browser.conftest import Visitor
from tests.browser.product import Product
from tests.browser.steps import Look, ask, sign_in, start_machine, top_up, verify
from tests.npm import installed
from tests.server.people import Person
from tests.server.site import ADMIN

AXE = "axe-core@4.10.3"
PUBLIC = {
    "landing": "/",
    "login": "/login",
    "login refused": "/login?error=proof_failed&identity=400::1",
    "not found": "/nothing",
}
EMPTY = {
    "dashboard": "/dashboard",
    "ledger": "/ledger",
    "topup": "/topup",
    "kyc": "/kyc",
    "account": "/ledger?account=granted",
    "plans": "/plans",
    "machines": "/vms",
    "usage": "/usage",
    "notices": "/notices",
    "settings": "/settings",
}
FULL = {**EMPTY, "refused": "/topup?error=amount_out_of_range&amount=3", "sessions": "/sessions"}
REFUSALS = {"plan refused": "/plans?error=insufficient_funds", "machine refused": "/vms?error=pool_empty"}
LINES_OF_TEXT = """it => {
    const text = document.createRange();
    text.selectNodeContents(it);
    return text.getClientRects().length;
}"""
BROKEN_WORDS = """table => [...table.querySelectorAll("tbody :is(th, td)")].flatMap(cell => {
    let node = cell;
    while (node.firstChild) node = node.firstChild;
    const text = document.createRange(), edge = table.parentElement.getBoundingClientRect();
    return [...cell.textContent.matchAll(/\\S+/g)].filter(word => {
        text.setStart(node, word.index);
        text.setEnd(node, word.index + word[0].length);
        const box = text.getBoundingClientRect();
        const broken = text.getClientRects().length > 1 && !(LARGE && /\\d/.test(word[0]));
        return broken || box.left < edge.left - 1 || box.right > edge.right + 1;
    }).map(word => word[0]);
})"""
"""The words of a table's cells that are broken or not all inside of what holds the table. Of LARGE letters a phone may
have no line for a long amount: it is broken then, and nothing of it lost."""
FILL = """table => table.querySelectorAll("tbody tr").forEach(row => {
    row.cells[0].textContent = "Purchased credit of organisations";
    row.cells[1].textContent = "+$123,456.789012345";
    row.cells[2].textContent = "$123,456.789012345";
})"""
ROOM: list[tuple[int, str]] = [
    (1280, "100%"),
    (640, "100%"),
    (560, "100%"),
    (360, "100%"),
    (320, "100%"),
    (360, "200%"),
]
"""Widths with the size of the letters: also what a wide screen has left at 200 %, and a phone with letters twice as
large."""
LOOKS: list[Look] = [(360, "light"), (768, "dark"), (1280, "light")]
FEWER: list[Look] = [(360, "dark"), (1280, "light")]


@pytest.fixture(scope="session")
def axe() -> str:
    """The judge's script, from the npm registry."""
    return installed(AXE, "axe.min.js").read_text()


def objections(page: Page, axe: str, name: str, looks: list[Look] = LOOKS) -> list[str]:
    """What is wrong with a page in any of its looks."""
    page.wait_for_load_state("load")  # with its stylesheet
    page.evaluate(axe)
    found = []
    for width, scheme in looks:
        look = f"{name}, {width}, {scheme}"
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{look}: {wide} wide")
        report: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
        for violation in report["violations"]:
            found += [
                f"{look}: {violation['id']}: {node['html'][:120]}: {node['failureSummary'][:300]}"
                for node in violation["nodes"]
            ]
    return found


def test_pages_for_everybody(product: Product, visitor: Visitor, person: Person, axe: str) -> None:
    page = visitor(reduced_motion="reduce")  # no colour on its way to another
    found = []
    for name, path in PUBLIC.items():
        page.goto(product.url + path)
        found += objections(page, axe, name)
    page.goto(product.link(person))
    found += objections(page, axe, "link")
    page.goto(f"{product.url}/login")
    page.get_by_label("Public key or Mycelium address").fill(person.public_key)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Paste the answer").wait_for()
    found += objections(page, axe, "challenge")
    assert not found, "\n".join(found)


def test_pages_of_a_user(product: Product, visitor: Visitor, person: Person, axe: str) -> None:
    page = visitor(reduced_motion="reduce")  # no colour on its way to another
    sign_in(page, product, person)
    found = []
    for name, path in EMPTY.items():
        page.goto(product.url + path)
        found += objections(page, axe, f"empty {name}", FEWER)
    ask(page, product, "12")
    opened = product.top_up(person)[0]
    top_up(page, product, "50")
    paid, _, payment, _ = product.top_up(person)
    product.act("refund", payment_intent=payment, amount=100)
    page.goto(f"{product.url}/dashboard")
    page.locator("summary.line").first.click()
    found += objections(page, axe, "an open line")
    payment_pages = {
        "receipt": f"/receipts/{paid}",
        "statement": f"/statements/{SystemClock().now():%Y-%m}",
        "paid": f"/payment/return?top_up={paid}",
        "cancelled": f"/payment/return?top_up={opened}&cancelled=1",
    }
    for name, path in payment_pages.items():
        page.goto(product.url + path)
        found += objections(page, axe, name)
    verify(page, product)
    with product.pool(5), product.usage(person):
        start_machine(page, product)
        for name, path in {**FULL, **REFUSALS}.items():
            page.goto(product.url + path)
            page.locator("details.menu > summary").click()
            for table in page.locator("details.more > summary").all():
                table.click()
            found += objections(page, axe, name)
    assert not found, "\n".join(found)


def test_long_numbers_fit_and_debt_is_readable(product: Product, visitor: Visitor, person: Person, axe: str) -> None:
    page = visitor(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    sign_in(page, product, person)
    user = product.site.call("user.find", {"filter": {"mycelium_address": person.address}}, ADMIN)["items"][0]
    product.site.call(
        "billing.set_credit_balance", {"sid": user["sid"], "balance_cents": 98_765_432_199, "reason": "test"}, ADMIN
    )
    for path in FULL.values():
        page.goto(product.url + path)
        for line in page.locator("summary.line").all():
            line.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        for amount in page.locator(".inside td.right:visible").all():
            assert amount.evaluate(LINES_OF_TEXT) == 1, (path, amount.inner_text())
    product.site.call(
        "billing.set_credit_balance", {"sid": user["sid"], "balance_cents": -732, "reason": "test"}, ADMIN
    )
    page.goto(f"{product.url}/dashboard")
    for line in page.locator("summary.line").all():
        line.click()
    assert not objections(page, axe, "debt", FEWER)
    page.get_by_role("link", name="Add $8.00").click()
    expect(page.get_by_label("Another amount")).to_have_value("8.00")


def test_entries_of_an_open_line_keep_their_words_whole(product: Product, visitor: Visitor, person: Person) -> None:
    """With long amounts and names, on small screens and with large letters, in the ledger as on a receipt."""
    page = visitor()
    sign_in(page, product, person)
    top_up(page, product, "50")
    faults = []
    for path in ("/ledger", "/dashboard"):
        page.goto(product.url + path)
        page.locator("summary.line").first.click()
        table = page.locator(".inside .entries:visible")
        for filled in ("as it is", "with long texts"):
            if filled != "as it is":
                table.evaluate(FILL)
            for width, letters in ROOM:
                page.set_viewport_size({"width": width, "height": 800})
                page.evaluate("size => { document.documentElement.style.fontSize = size }", letters)
                if broken := table.evaluate(BROKEN_WORDS.replace("LARGE", "true" if letters == "200%" else "false")):
                    faults.append(f"{path} {filled}, {width} wide at {letters}: {broken}")
    for path in (f"/statements/{SystemClock().now():%Y-%m}", f"/receipts/{product.top_up(person)[0]}"):
        page.goto(product.url + path)
        page.set_viewport_size({"width": 1280, "height": 800})
        expect(page.locator(".entries tbody tr")).to_have_css("display", "table-row")
        page.set_viewport_size({"width": 360, "height": 800})
        expect(page.locator(".entries tbody tr")).to_have_css("display", "grid")
        if broken := page.locator(".entries").evaluate(BROKEN_WORDS.replace("LARGE", "false")):
            faults.append(f"{path}: {broken}")
    assert not faults, "\n".join(faults)


def test_keyboard_only(product: Product, visitor: Visitor, person: Person) -> None:
    """The first Tab offers to skip the navigation; what has the focus shows it; a ledger line opens by Enter, the menu
    of the account closes by Escape."""
    page = visitor()
    sign_in(page, product, person)
    menu = page.locator("details.menu")
    menu.locator("summary").press("Enter")
    page.get_by_role("link", name="Verification").focus()
    page.keyboard.press("Escape")
    expect(menu.locator("summary")).to_be_focused()
    expect(page.get_by_role("link", name="Verification")).to_be_hidden()
    page.goto(f"{product.url}/dashboard")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    top_up(page, product, "10")
    page.goto(f"{product.url}/dashboard")
    page.locator("summary.line").focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open] > summary.line")).to_have_count(1)
    for _ in range(25):
        page.keyboard.press("Tab")
        outline = page.evaluate("""(() => {
            const it = document.activeElement, shown = it.closest('.chip') ?? it;
            return it === document.body ? 'none of ours' : getComputedStyle(shown).outlineStyle;
        })()""")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
