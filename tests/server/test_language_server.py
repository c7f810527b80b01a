"""`oschema lsp` as an editor uses it: a process, frames over its standard streams, files half typed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.language_client import Editor

COMMON = """module common "1.0.0"

/// A code that people read.
Code = str @len(2, 40)
"""
PEOPLE = """module shop "1.0.0"
import "../common"

State = "open" | "done"

/// Who buys.
[rootobject]
Person = {
    sid: sid
    /// What is on the card.
    code: common.Code @unique
    state: State = open
}

error Closed(1500, 409) "closed already" { person: &Person }
"""
ORDERS = """import "../common"

/// What somebody bought.
[rootobject]
Order = {
    person: &Person @index
    number: common.Code @unique
}

/// What is asked at the desk.
[version("1.0"), auth(user)]
service DeskService {
    /// Look one up.
    look_up(code: common.Code) -> Order ! NotFound | Closed  @safe
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in {
        "common/codes.oschema": COMMON,
        "shop/10_people.oschema": PEOPLE,
        "shop/20_orders.oschema": ORDERS,
    }.items():
        file = tmp_path / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def editor(folder: Path) -> Iterator[Editor]:
    with Editor(folder) as editor:
        yield editor


ORDERS_FILE, PEOPLE_FILE = "schemas/shop/20_orders.oschema", "schemas/shop/10_people.oschema"


def place(text: str, words: str, within: str = "") -> tuple[int, int]:
    """Where `words` first stand, or `within` in them: line and character from 0."""
    offset = text.index(words) + (words.index(within) if within else 0)
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1


def shown(range_: dict[str, dict[str, int]], text: str) -> str:
    """The text in a range of one line (nothing in these texts is outside the Basic Multilingual Plane)."""
    start, end = range_["start"], range_["end"]
    assert start["line"] == end["line"]
    line = text.split("\n")[start["line"]]
    return line[start["character"] : end["character"]]


def test_findings_are_those_of_lint_and_follow_the_typing(editor: Editor) -> None:
    assert editor.open(ORDERS_FILE) == []
    wrong = ORDERS.replace("&Person", "&Persn")
    [finding] = editor.type(ORDERS_FILE, wrong)
    assert (finding["code"], finding["severity"], finding["source"]) == ("OS201", 1, "oschema")
    assert "Persn" in finding["message"] and "Person" in finding["message"]
    assert shown(finding["range"], wrong) == "Persn"
    assert editor.type(ORDERS_FILE, ORDERS) == []
    # The same text, saved, makes `oschema lint` say the same, and warnings come too.
    loose = ORDERS.replace("number: common.Code", "price: i64\n    number: common.Code")
    found = editor.type(ORDERS_FILE, loose)
    (editor.folder / ORDERS_FILE).write_text(loose)
    command = [sys.executable, "-m", "codegen", "lint", "--format", "json"]
    said = json.loads(subprocess.run(command, cwd=editor.folder, capture_output=True, check=False).stdout)
    assert [(each["code"], each["line"], each["column"]) for each in said["findings"]] == [
        (told["code"], told["range"]["start"]["line"] + 1, told["range"]["start"]["character"] + 1) for told in found
    ]
    assert [told["severity"] for told in found] == [2]


def test_a_finding_says_what_mends_it_and_what_it_has_to_do_with(editor: Editor) -> None:
    new = "schemas/shop/30_more.oschema"
    [found] = [each for each in editor.open(new, "Gift = { name: Strng }\n") if each["severity"] == 1]
    assert (found["code"], found["message"]) == ("OS201", "unknown type 'Strng'\nfix: did you mean 'str'?")
    assert found["range"] == {"start": {"line": 0, "character": 15}, "end": {"line": 0, "character": 20}}
    kinds = 'Kind = "\N{GRINNING FACE}" | "b" | "b"\n'
    [twice] = [each for each in editor.type(new, kinds) if each["severity"] == 1]
    assert twice["range"]["start"] == {"line": 0, "character": 20}, "an editor counts in UTF-16"
    assert twice["relatedInformation"][0]["location"]["range"]["start"] == {"line": 0, "character": 14}


def test_findings_in_files_that_are_not_open_are_told_and_taken_back(editor: Editor) -> None:
    editor.open(PEOPLE_FILE)
    editor.type(PEOPLE_FILE, PEOPLE.replace("Person", "Human"))
    [found, *_] = editor.found(ORDERS_FILE)
    assert found["code"] == "OS201"
    editor.type(PEOPLE_FILE, PEOPLE)
    assert editor.found(ORDERS_FILE) == []


def test_half_a_declaration_is_one_finding_and_other_files_still_answer(editor: Editor) -> None:
    assert editor.open(ORDERS_FILE, ORDERS + "\nHalf = {\n    person: &\n")
    found = editor.ask("textDocument/definition", editor.at(ORDERS_FILE, *place(ORDERS, "&Person", "Person")))
    assert found["uri"] == editor.uri(PEOPLE_FILE)
    assert shown(found["range"], PEOPLE) == "Person"


def test_closing_without_saving_brings_back_what_is_on_disk(editor: Editor) -> None:
    assert editor.open(ORDERS_FILE, ORDERS.replace("&Person", "&Nobody"))
    assert editor.close(ORDERS_FILE) == []


def test_a_file_that_is_not_saved_yet_counts(editor: Editor) -> None:
    new = "schemas/shop/30_more.oschema"
    assert editor.open(new, 'Gift = { person: &Person }\n\nerror Gone(1501, 410) "gone" { gift: Gift }\n') != []
    found = editor.ask("textDocument/definition", editor.at(new, 2, 40))
    assert found["uri"] == editor.uri(new)


def test_a_file_that_is_not_saved_yet_declares_for_others_until_it_is_closed(editor: Editor) -> None:
    def unknown(found: list[dict[str, Any]]) -> bool:
        return "OS201" in {each["code"] for each in found}

    assert unknown(editor.open(ORDERS_FILE, ORDERS.replace("common.Code", "Strng")))
    new = "schemas/shop/15_more.oschema"
    assert not unknown(editor.open(new, "Strng = str @len(2, 40)\n"))
    assert not unknown(editor.found(ORDERS_FILE))
    assert editor.close(new) == []
    assert unknown(editor.found(ORDERS_FILE))


def test_formatting_gives_the_whole_text_or_nothing(editor: Editor) -> None:
    options = {"textDocument": {"uri": editor.uri(ORDERS_FILE)}, "options": {"tabSize": 4, "insertSpaces": True}}
    untidy = ORDERS.replace("    number: common.Code @unique", "  number:common.Code   @unique")
    editor.open(ORDERS_FILE, untidy)
    [edit] = editor.ask("textDocument/formatting", options)
    (editor.folder / ORDERS_FILE).write_text(untidy)
    subprocess.run([sys.executable, "-m", "codegen", "fmt"], cwd=editor.folder, check=True, capture_output=True)
    tidy = (editor.folder / ORDERS_FILE).read_text()
    assert edit["newText"] == tidy
    assert edit["range"]["start"] == {"line": 0, "character": 0}
    assert edit["range"]["end"] == {"line": untidy.count("\n"), "character": 0}
    editor.type(ORDERS_FILE, tidy)
    assert editor.ask("textDocument/formatting", options) == []
    editor.type(ORDERS_FILE, "Order = {")
    assert editor.ask("textDocument/formatting", options) == []


def test_hover_shows_declarations_primitives_and_notes(editor: Editor) -> None:
    editor.open(ORDERS_FILE)

    def hovered(words: str, within: str = "") -> str:
        line, character = place(ORDERS, words, within)
        text: str = editor.ask("textDocument/hover", editor.at(ORDERS_FILE, line, character + 1))["contents"]["value"]
        return text

    assert "Person = {" in hovered("&Person", "Person") and "Who buys." in hovered("&Person", "Person")
    assert "Code = str @len(2, 40)" in hovered("common.Code", "Code") and "people read" in hovered("common.Code")
    assert "error Closed(1500" in hovered("| Closed", "Closed")
    assert "no two objects" in hovered("@unique", "unique")
    assert "stored" in hovered("[rootobject]", "rootobject")
    nothing = editor.ask("textDocument/hover", editor.at(ORDERS_FILE, *place(ORDERS, "number", "number")))
    assert nothing is None
    editor.type(ORDERS_FILE, "Gift = { cost: money<USD> @min(0) }\n")
    told = editor.ask("textDocument/hover", editor.at(ORDERS_FILE, 0, 17))
    assert "amount in a currency" in told["contents"]["value"]
    editor.open(PEOPLE_FILE)
    line, character = place(PEOPLE, "sid: sid")
    told = editor.ask("textDocument/hover", editor.at(PEOPLE_FILE, line, character + 6))
    assert told["contents"]["value"].startswith("sid: identifier")


def test_definitions_and_references_cross_files_and_modules(editor: Editor) -> None:
    editor.open(ORDERS_FILE)
    found = editor.ask("textDocument/definition", editor.at(ORDERS_FILE, *place(ORDERS, "common.Code", "Code")))
    assert found["uri"] == editor.uri("schemas/common/codes.oschema")
    assert shown(found["range"], COMMON) == "Code"
    asked = editor.at(ORDERS_FILE, *place(ORDERS, "common.Code", "Code"))
    places = editor.ask("textDocument/references", {**asked, "context": {"includeDeclaration": True}})
    texts = {editor.uri(PEOPLE_FILE): PEOPLE, editor.uri(ORDERS_FILE): ORDERS, found["uri"]: COMMON}
    assert [each["uri"].rpartition("/")[2] for each in places] == [
        "codes.oschema",
        "10_people.oschema",
        "20_orders.oschema",
        "20_orders.oschema",
    ]
    assert {shown(each["range"], texts[each["uri"]]) for each in places} == {"Code"}
    without = editor.ask("textDocument/references", {**asked, "context": {"includeDeclaration": False}})
    assert without == places[1:]
    assert editor.ask("textDocument/definition", editor.at(ORDERS_FILE, 1, 0)) is None


def test_completion_knows_what_fits(editor: Editor) -> None:
    editor.open(ORDERS_FILE)

    def offered(line: str) -> set[str]:
        text = f"{ORDERS}\n{line}"
        editor.type(ORDERS_FILE, text)
        found = editor.ask(
            "textDocument/completion", editor.at(ORDERS_FILE, text.count("\n"), len(line.split("\n")[-1]))
        )
        return {each["label"] for each in found}

    types = offered("Gift = {\n    of: ")
    assert {"str", "otime", "Person", "State", "Order", "common"} <= types and "Closed" not in types
    assert offered("Gift = {\n    of: &") == {"Person", "Order", "common"}
    assert offered("Gift = {\n    of: common.C") == {"Code"}
    assert {"unique", "min", "was"} <= offered("Gift = {\n    of: str @") and "rootobject" not in offered(
        "G = {\n  o: str @"
    )
    assert {"rootobject", "crud", "auth"} <= offered("[") and "set_once" not in offered("[rootobject, ")
    errors = offered("service GiftService {\n    give(sid: sid) -> Order ! ")
    assert {"Closed", "common"} <= errors and "Order" not in errors
    assert offered("// what is &") == set()
    assert offered('Gift = {\n    of: str = "') == set()


def test_the_outline_has_declarations_and_members(editor: Editor) -> None:
    editor.open(ORDERS_FILE)
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri(ORDERS_FILE)}})
    assert {each["name"]: [inner["name"] for inner in each["children"]] for each in found} == {
        "Order": ["person", "number"],
        "DeskService": ["look_up"],
    }
    for each in found:
        assert shown(each["selectionRange"], ORDERS) == each["name"]
        assert each["range"]["start"]["line"] <= each["selectionRange"]["start"]["line"]


def test_columns_are_counted_in_utf_16(editor: Editor) -> None:
    text = ORDERS.replace("person: &Person", 'note: str = "\N{GRINNING FACE}" @x_a  person: &Nobody  by: &Person')
    [found] = [each for each in editor.open(ORDERS_FILE, text) if each["code"] == "OS201"]
    line = found["range"]["start"]["line"]
    before, _, rest = text.split("\n")[line].partition("Nobody")
    assert found["range"]["start"]["character"] == len(before) + 1
    assert found["range"]["end"]["character"] == len(before) + 1 + len("Nobody")
    behind = len(before) + 1 + len("Nobody") + rest.index("Person")
    told = editor.ask("textDocument/hover", editor.at(ORDERS_FILE, line, behind))
    assert "Person = {" in told["contents"]["value"]


def test_what_changes_on_disk_is_seen(editor: Editor) -> None:
    editor.open(ORDERS_FILE)
    (editor.folder / PEOPLE_FILE).write_text(PEOPLE.replace("Person", "Human"))
    changes = [{"uri": editor.uri(PEOPLE_FILE), "type": 2}]
    editor.tell("workspace/didChangeWatchedFiles", {"changes": changes})
    assert [each["code"] for each in editor.found(ORDERS_FILE)] == ["OS201"]


def test_what_is_no_call_is_told_and_the_server_goes_on(editor: Editor) -> None:
    assert editor.garbled() == -32700
    assert editor.refused("textDocument/rename", {}) == -32601
    assert editor.refused("textDocument/formatting", {"textDocument": 3}) == -32602
    editor.tell("$/setTrace", {"value": "off"})  # nobody waits for an answer, so there is none
    assert editor.offered["documentFormattingProvider"]
    assert editor.ask("textDocument/definition", editor.at(ORDERS_FILE, 1, 0)) is None
