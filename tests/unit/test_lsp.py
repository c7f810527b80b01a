"""`oschema lsp`: what an editor is told while a schema is written, over the protocol's own messages."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WRONG = "module shop\n/// 😀 thing.\nThing = { /* no comment */\n"
SHOP = "module shop\n// 😀\nThing = { name: Strng }\n"


class Talk:
    """A server, and an editor that talks with it."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "codegen", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self.number = 0

    def tell(self, method: str, **message: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, **message}).encode())

    def write(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.tell(method, id=self.number, params=params)
        return self.read()

    def read(self) -> Any:
        out = self.process.stdout
        assert out is not None
        length = int(out.readline().removeprefix(b"Content-Length:"))
        assert out.readline() == b"\r\n"
        return json.loads(out.read(length))

    def change(self, path: Path, text: str) -> Any:
        """What is published once a file has this text in the editor."""
        document = {"uri": path.as_uri()}
        self.tell("textDocument/didChange", params={"textDocument": document, "contentChanges": [{"text": text}]})
        return self.read()["params"]

    def published(self, files: int) -> dict[str, set[str]]:
        """The codes of the findings of so many files that are told of."""
        told = [self.read()["params"] for _ in range(files)]
        return {Path(each["uri"]).name: {found["code"] for found in each["diagnostics"]} for each in told}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "schemas/shop/shop.oschema"
    file.parent.mkdir(parents=True)
    file.write_text(SHOP)
    return file


@pytest.fixture
def talk(shop: Path, tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    answer = talk.ask("initialize", rootUri=tmp_path.as_uri(), capabilities={})
    assert answer["result"]["capabilities"]["documentFormattingProvider"]
    yield talk
    talk.process.kill()
    talk.process.communicate()


def test_findings_follow_what_is_written(talk: Talk, shop: Path) -> None:
    talk.tell("initialized", params={})
    published = talk.read()["params"]
    assert published["uri"] == shop.as_uri()
    [found] = [each for each in published["diagnostics"] if each["severity"] == 1]
    assert (found["code"], found["message"]) == ("OS201", "unknown type 'Strng'\nfix: did you mean 'str'?")
    assert found["range"] == {"start": {"line": 2, "character": 16}, "end": {"line": 2, "character": 21}}
    assert "OS201" not in {each["code"] for each in talk.change(shop, SHOP.replace("Strng", "str"))["diagnostics"]}
    astral = 'module shop\nKind = "😀" | "b" | "b"\n'
    [twice] = [each for each in talk.change(shop, astral)["diagnostics"] if each["severity"] == 1]
    assert twice["range"]["start"] == {"line": 1, "character": 20}, "an editor counts in UTF-16"
    assert twice["relatedInformation"][0]["location"]["range"]["start"] == {"line": 1, "character": 14}


def test_a_file_that_is_not_saved_yet_counts(talk: Talk, shop: Path) -> None:
    talk.tell("initialized", params={})
    talk.read()
    other = shop.parent / "more.oschema"
    document = {"uri": other.as_uri(), "languageId": "oschema", "version": 1, "text": "Strng = str\n"}
    talk.tell("textDocument/didOpen", params={"textDocument": document})
    assert {name: "OS201" in codes for name, codes in talk.published(2).items()} == {
        "more.oschema": False,
        "shop.oschema": False,
    }
    talk.tell("textDocument/didClose", params={"textDocument": {"uri": other.as_uri()}})
    published = talk.published(2)
    assert published["more.oschema"] == set()
    assert "OS201" in published["shop.oschema"]


def test_formatting_and_meaning(talk: Talk, shop: Path) -> None:
    document = {"uri": shop.as_uri()}
    assert talk.ask("textDocument/formatting", textDocument=document, options={})["result"] == []
    talk.change(shop, SHOP.replace("{ name:", "{name :"))
    [edit] = talk.ask("textDocument/formatting", textDocument=document, options={})["result"]
    assert edit["newText"] == SHOP
    assert edit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
    told = talk.ask("textDocument/hover", textDocument=document, position={"line": 2, "character": 11})
    assert told["result"] is None
    talk.change(shop, "module shop\nThing = { cost: money<USD> @min(0) }\n")
    told = talk.ask("textDocument/hover", textDocument=document, position={"line": 1, "character": 17})
    assert "amount in a currency" in told["result"]["contents"]["value"]


def test_what_is_no_call_is_told_and_the_end_is_clean(talk: Talk) -> None:
    talk.write(b"{")
    assert talk.read()["error"]["code"] == -32700
    assert talk.ask("textDocument/rename")["error"]["code"] == -32601
    assert talk.ask("textDocument/formatting", textDocument=3)["error"]["code"] == -32602
    talk.tell("$/setTrace", params={"value": "off"})
    assert talk.ask("shutdown")["result"] is None
    talk.tell("exit")
    assert talk.process.wait(60) == 0
