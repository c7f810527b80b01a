"""The product's root objects come back from PostgreSQL as they were written; `generated/conformance` does SQLite."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

import generated.tables
from codegen.runtime.storage.database import Database
from codegen.runtime.testing.roundtrip import Unstorable, check_roundtrip
from generated.conformance.test_roundtrip import STRATEGIES

STORED = generated.tables.STORED


@pytest.fixture(scope="module")
def product(postgresql_server: str) -> Iterator[Database]:
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE product")
    database = Database.open(postgresql_server.replace("/postgres?", "/product?"))
    database.execute_script((Path(generated.tables.__file__).parent / "postgresql.sql").read_text())
    yield database
    database.close()


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: str(stored.name))
def test_roundtrip(product: Database, stored: Any) -> None:
    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        try:
            check_roundtrip(stored, lambda wanted: data.draw(STRATEGIES[wanted.qname]()), STORED, product)
        except Unstorable:
            reject()

    check()
