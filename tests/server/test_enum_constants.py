"""Constants of enums: the known values of open ones, and names where two values would be one constant."""

from collections.abc import Iterator

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from tests.npm import compile_types
from tests.small_program import NOW, SmallProgram, small_program

SCHEMA = """\
module till "1.0.0"
Provider = "stripe" | "click-pesa" | ...
Sign = "<" @constant(less) | ">" @constant(greater) | "m" | "M" @constant(mega)
[rootobject, auth(public)]
Sale = { provider: Provider = "stripe" @index  sign: Sign = "<"  maybe?: Provider }
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProgram]:
    with small_program(tmp_path_factory.mktemp("till"), "till", SCHEMA) as made:
        yield made


def test_known_values_are_text_like_any_other(program: SmallProgram, database: Database) -> None:
    models, tables = program.module("models.till"), program.module("tables.till")
    assert [*models.KnownProvider] == ["stripe", "click-pesa"]
    served = program.served(database)
    sales = Store.of(tables.SALE, database)
    made = sales.new({"provider": models.KnownProvider.CLICK_PESA, "sign": models.Sign.MEGA}, NOW)
    assert made.provider == models.KnownProvider.CLICK_PESA == "click-pesa" and made.sign is models.Sign.MEGA
    assert served.call("sale.get", {"sid": made.sid})["provider"] == "click-pesa"
    assert [each.sid for each in sales.find({"provider": models.KnownProvider.CLICK_PESA})["items"]] == [made.sid]
    assert served.call("sale.new", {"data": {"provider": "unheard-of", "sign": "M"}})["provider"] == "unheard-of"
    model = models.Sale(sid="abcd", rev=1, provider=models.KnownProvider.STRIPE, sign=models.Sign.LESS)
    assert model.model_dump(mode="json", exclude_none=True) == {
        "sid": "abcd",
        "rev": 1,
        "provider": "stripe",
        "sign": "<",
    }


def test_typescript_has_the_same_names(program: SmallProgram) -> None:
    script = """\
import { Provider, Sign } from "./client";
export const provider: Provider = Provider["click-pesa"];
export const sign: "<" = Sign.less;
export const other: Sign[] = [Sign.greater, Sign.m, Sign.mega];
// @ts-expect-error
export const wrong = Sign["<"];
"""
    folder = program.folder / program.name / "clients/typescript"
    (folder / "values.ts").write_text(script)
    done = compile_types(folder / "values.ts")
    assert done.returncode == 0, done.stdout
