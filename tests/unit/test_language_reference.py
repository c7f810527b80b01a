"""The reference of the language is made from the tables that the checker reads, and shown in parts."""

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.commands.language import TOPICS, page
from codegen.model import PrimitiveName
from codegen.model.note_table import TABLE
from codegen.model.primitives import PRIMITIVES

PAGE = Path(__file__).parents[2] / "docs/reference/language.md"


def test_the_page_is_made_from_the_tables(update: bool) -> None:
    if update:
        PAGE.write_text(page())
    assert PAGE.read_text() == page()


def test_the_tables_are_those_of_the_model() -> None:
    assert PRIMITIVES.keys() == {*get_args(PrimitiveName), "any"}


@pytest.mark.parametrize("name", [*TOPICS, *PRIMITIVES, *TABLE, "@unique", "[rootobject]", "MONEY"])
def test_each_part_is_explained(name: str) -> None:
    result = CliRunner().invoke(main, ["explain", name])
    assert result.exit_code == 0
    assert result.output.strip() in page() or name.lower().strip("@[]") in result.output


def test_what_does_not_exist_is_told_with_what_does() -> None:
    result = CliRunner().invoke(main, ["explain", "nothing"])
    assert result.exit_code == 2
    assert "topics are types, notes, scopes, crud, events, wire, defaults" in result.output
