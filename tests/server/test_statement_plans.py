"""Every hand-written statement of the product reads by an index, on both databases.

Statements are found by walking `handlers/*/statements.py`, so that a new one is tested as soon as it is written.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.tables import STORED
from tests.server.book import create_tables

HANDLERS = Path(__file__).parents[2] / "handlers"
SMALL: set[str] = {"pool_vm"}
"""Tables that stay small however long the product runs: reading all of one is no fault."""
FULL_SCANS = {
    "admin.LAST_ACT": "the first row of an index from its end",
    "checkpoints.LAST_CHECKPOINT": "the first row of an index from its end",
    "ledger.BEFORE_POSTING": "the first row of an index from its end",
    "rebuild.ANY_ENTRY": "one row, whichever",
    "ledger.LAST_POSITION": "the first row of an index from its end",
}
"""Statements that read a big table or an index of it without a condition, and why they may."""
INNER_SORTS = {"kyc.USERS_AND_ATTEMPTS_IN_ORDER": "the attempts of one user"}
"""Statements that sort in a subquery, and what."""
ELSEWHERE = {"node/key_index.py": "an index of a node's own, on the node: no table of the product"}
"""Modules whose statements stand beside their tables, and why they may."""
DIALECTS = ("SQLITE", "POSTGRESQL")
SQL = re.compile(r"\b(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|LOCK TABLE) ", re.DOTALL)
PARAMETER = re.compile(r"\?")


def found_statements() -> Iterator[tuple[str, str]]:
    for path in sorted(HANDLERS.glob("*/statements.py")):
        module = import_module(f"handlers.{path.parent.name}.statements")
        for name, text in sorted(vars(module).items()):
            if name.isupper() and not name.startswith("_") and isinstance(text, str):
                yield f"{path.parent.name}.{name}", text


STATEMENTS = dict(found_statements())


@pytest.fixture
def empty(database: Database) -> Database:
    """The product's tables; PostgreSQL reads all of a table only where there is no other way."""
    create_tables(database)
    if database.dialect == "postgresql":
        database.execute("SET enable_seqscan = off")
    return database


def explained(database: Database, text: str) -> str:
    if text.startswith("LOCK"):  # has no plan, but must be taken
        with database.transaction():
            database.execute(text)
        return ""
    if database.dialect == "sqlite":
        rows = database.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
    else:
        numbers = count(1)
        generic = PARAMETER.sub(lambda _: f"${next(numbers)}", text.replace("%", "%%"))
        rows = database.execute(f"EXPLAIN (GENERIC_PLAN) {generic}")
    return "\n".join(str(row[-1]) for row in rows)


def full_scans(database: Database, text: str, plan: str) -> set[str]:
    """The tables that a plan reads without looking anything up in an index."""
    pattern = r"SCAN (\w+)" if database.dialect == "sqlite" else r"Seq Scan on \"?(\w+)\"?"
    tables = {stored.table._meta.table_name for stored in STORED}
    found = set()
    for name in re.findall(pattern, plan):
        found |= {table for table in tables if re.search(rf'\b{table}"?( AS)? {name}\b', text) or table == name}
    return found - SMALL


def test_every_statement_reads_by_an_index(empty: Database) -> None:
    assert len(STATEMENTS) > 10
    unexpected = {}
    for name, text in STATEMENTS.items():
        if name.endswith(DIALECTS) and not name.endswith(empty.dialect.upper()):
            continue
        plan = explained(empty, text)
        scanned = full_scans(empty, text, plan)
        if scanned and name not in FULL_SCANS:
            unexpected[name] = (scanned, plan)
    assert not unexpected


def texts(path: Path) -> Iterator[str]:
    """The texts in a module that are not documentation."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_sql_stands_in_statements() -> None:
    found = {
        str(path.relative_to(HANDLERS))
        for path in HANDLERS.rglob("*.py")
        if path.name != "statements.py" and any(map(SQL.search, texts(path)))
    }
    assert found == ELSEWHERE.keys()


def test_reasons_are_given_for_statements_that_are_there() -> None:
    assert FULL_SCANS.keys() <= STATEMENTS.keys()


def test_what_is_read_in_batches_is_never_sorted(tmp_path: Path) -> None:
    """Audits read tables in the order of a key: a sort would read the rest of the table again for each batch.

    SQLite plans without knowing how many rows there are; PostgreSQL, which knows, takes the key's index for a LIMIT.
    """
    database = Database.open(f"sqlite:///{tmp_path}/empty.db")
    create_tables(database)
    plans = {name: explained(database, text) for name, text in STATEMENTS.items() if name.endswith("_IN_ORDER")}
    database.close()
    sorted_ = {name for name, plan in plans.items() if "USE TEMP B-TREE FOR ORDER BY" in plan}
    assert len(plans) > 10 and sorted_ == INNER_SORTS.keys()
