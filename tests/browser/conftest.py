"""A real Chromium that reports whatever pages must not do: errors, policy violations, requests to anybody else."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from tests.browser.product import Product
from tests.server.mycelium_node import running_node
from tests.server.people import Person
from tests.waiting import PATIENCE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
]
STATUS = "Failed to load resource: the server responded with a status of"
"""What the console says of any page whose status is an error; those are looked at by the tests that expect them."""

Visitor = Callable[..., Page]
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `nox -s system` installs it")
    with running_node() as node, Product(tmp_path_factory.mktemp("product"), node).running() as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of one module only: Playwright's event loop must not run while other modules use theirs."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `nox -s system` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visitor(product: Product, chromium: Browser) -> Iterator[Visitor]:
    """Makes a page of a browser of its own. At the end of the test nothing must have gone wrong in any of them."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []
    ours = {urlsplit(product.url).netloc, urlsplit(product.sandbox).netloc}

    def guard(route: Route) -> None:
        if urlsplit(route.request.url).netloc in ours:
            route.continue_()
        else:
            faults.append(f"a request to {route.request.url}")
            route.abort()

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(STATUS):
            faults.append(f"{message.type}: {message.text}")

    def make(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        context.route("**/*", guard)
        context.on("console", heard)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
    product.reset()
    assert not faults
    assert "the ledger holds" in product.site.command("audit")


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where the screenshots of a test are kept, until it is run again."""
    folder = Path(request.config.rootpath, ".cache", "screenshots", request.node.name)
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@pytest.fixture
def person() -> Person:
    return Person()
