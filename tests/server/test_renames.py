"""What `@was` renamed is read by its old name, too: in params, CRUD, structs at any depth, errors; never by both."""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from codegen.runtime.client.client import Call
from codegen.runtime.storage.database import Database
from tests.npm import compile_types
from tests.small_program import Served, SmallProgram, small_program

SCHEMA = """\
module press "1.0.0"
error TooLong(1200, 409) "too long" { most: u32 @was("limit")  class?: str @was("kind") }
Line = { text: str @was("words")  next?: Line @was("below")  class?: str @was("sort") }
Photo = { url: str @was("link") }
Quote = { line: Line }
Block = Photo | Quote
event Printed { copies: u32 @was("count") }

[rootobject, auth(public), unique(slug, edition)]
Article = {
    title: str          @index @len(1, 80) @was("headline")
    slug: str           @len(1, 80) @was("key")
    edition: i32 = 1    @was("issue")
    made_at: otime      @server @was("born_at")
    score?: i32         @computed @was("rank")
    blocks: [Block] = []
    lead?: Line         @was("intro")
}

[auth(public)]
service PressService {
    print(copies: u32 @was("count"), class?: str @was("kind"), lines: map<str, [Line?]> = {}) -> [str] ! TooLong
}
"""
HANDLERS = """\
from codegen.runtime.context import Context
from press_generated.models.press import Line
from press_generated.services.press import PressService

class Press(PressService):
    def print(self, context: Context, *, copies: int, class_: str | None = None,
              lines: dict[str, list[Line | None]]) -> list[str]:
        return [repr(copies), repr(class_), *(line.text for each in lines.values() for line in each if line)]
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProgram]:
    folder = tmp_path_factory.mktemp("press")
    (folder / "press_handlers.py").write_text(HANDLERS)
    with small_program(folder, "press", SCHEMA) as made:
        made.module("tables.press").ARTICLE.computes(lambda article: {"score": article.edition})
        yield made


@pytest.fixture
def served(program: SmallProgram, database: Database) -> Served:
    import press_handlers  # type: ignore[import-not-found]

    return program.served(database, [press_handlers.Press()])


def refused(error: Any, path: str, old: str, new: str) -> None:
    expected = {"path": path, "message": f"{old} is the old name of {new}: give one of them", "rule": "renamed"}
    assert (error["code"], error["data"]["errors"]) == (-32602, [expected])


def test_params(served: Served) -> None:
    new = served.call("press.print", {"copies": 3, "class": "a"})
    assert (
        new
        == ["3", "'a'"]
        == served.call("press.print", {"count": 3, "kind": "a"})
        == served.call("press.print", [3, "a"])
    )
    refused(served.call("press.print", {"copies": 3, "count": 3}), "", "count", "copies")
    assert served.call("press.print", {})["data"]["errors"][0]["path"] == "copies"


def test_structs_at_any_depth(served: Served) -> None:
    lines = {"k": [None, {"words": "old", "below": {"text": "new", "next": {"words": "deep", "sort": "s"}}}]}
    assert served.call("press.print", {"count": 1, "lines": lines}) == ["1", "None", "old"]
    both = {"k": [{"text": "x", "next": {"text": "a", "words": "b"}}]}
    refused(served.call("press.print", {"copies": 1, "lines": both}), "lines.k.0.next", "words", "text")


def test_crud(served: Served) -> None:
    blocks = [{"type": "photo", "link": "u"}, {"type": "quote", "line": {"words": "w", "below": {"words": "v"}}}]
    old = {"headline": "A", "key": "k", "issue": 2, "born_at": 0, "rank": 7, "intro": {"words": "i"}, "blocks": blocks}
    made = served.call("article.new", {"data": old})
    assert made == {
        "sid": made["sid"],
        "rev": 1,
        "title": "A",
        "slug": "k",
        "edition": 2,
        "made_at": "2026-05-20T22:03:14Z",
        "score": 2,
        "lead": {"text": "i", "next": None, "class": None},
        "blocks": [
            {"type": "photo", "url": "u"},
            {"type": "quote", "line": {"text": "w", "next": {"text": "v", "next": None, "class": None}, "class": None}},
        ],
    }
    sid = made["sid"]
    for filter in ({"headline": "A"}, {"title": "A"}, {"key": "k", "issue": 2}):
        assert [each["sid"] for each in served.call("article.find", {"filter": filter})["items"]] == [sid]
    assert served.call("article.patch", {"sid": sid, "data": {"headline": "B", "intro": None}})["title"] == "B"
    whole = served.call("article.set", {"data": {"sid": sid, "headline": "C", "key": "k"}})
    assert (whole["title"], whole["edition"], whole["rev"]) == ("C", 1, 3)
    both = {"headline": "A", "title": "B", "slug": "k"}
    refused(served.call("article.new", {"data": both}), "data", "headline", "title")
    refused(served.call("article.set", {"data": {**both, "sid": sid}}), "data", "headline", "title")
    refused(served.call("article.patch", {"sid": sid, "data": both}), "data", "headline", "title")
    refused(served.call("article.find", {"filter": {"title": "a", "headline": "a"}}), "filter", "headline", "title")


def test_clients_write_the_new_name_and_read_both(program: SmallProgram) -> None:
    models, errors = program.module("models.press"), program.module("errors.press")
    call = Call("press.read", dict[str, Any], models.Article, errors=(errors.TooLong,))
    body, _ = call.request(1, {"line": models.Line(text="t", class_="c")})
    assert b'"text":"t"' in body and b'"class":"c"' in body and b"words" not in body
    answer = {"sid": "abcd", "rev": 1, "headline": "A", "key": "k", "born_at": "2026-05-20T22:03:14Z", "more": 1}
    assert call.answer(200, b'{"result":%s}' % str(answer).replace("'", '"').encode()).title == "A"
    found = call.error({"code": 1200, "message": "m", "data": {"error": "too_long", "limit": 5, "kind": "k"}})
    assert isinstance(found, errors.TooLong) and (found.most, found.class_) == (5, "k")
    assert found.data() == {"most": 5, "class": "k"}
    assert models.Printed.model_validate({"count": 4}).model_dump() == {"copies": 4}


def test_documents_tell_the_old_name_as_deprecated(program: SmallProgram) -> None:
    schema, openrpc = program.document("schema.json"), program.document("openrpc.json")
    line = jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/press.Line"})
    assert schema["$defs"]["press.Line"]["properties"]["words"]["deprecated"] is True
    good: list[Any] = [{"text": "a"}, {"words": "a"}, {"text": "a", "below": {"words": "b", "next": None}}]
    for value in good:
        assert line.is_valid(value), value
    wrong: list[Any] = [{}, {"text": "a", "words": "a"}, {"text": "a", "next": None, "below": None}]
    for value in wrong:
        assert not line.is_valid(value), value
    assert "headline" not in schema["$defs"]["press.Article"]["properties"], "no answer has it"
    schemas = openrpc["components"]["schemas"]
    for name in ("ArticleInput", "ArticlePatch", "ArticleFilter"):
        old = schemas[name]["properties"]["headline"]
        assert old["deprecated"] is True and old["description"] == "The old name of `title`.", name
    sent = copy.deepcopy(openrpc)
    given = jsonschema.Draft202012Validator({**sent, "$ref": "#/components/schemas/ArticleInput"})
    assert given.is_valid({"headline": "A", "key": "k"}) and not given.is_valid({"slug": "k"})
    (method,) = [each for each in openrpc["methods"] if each["name"] == "press.print"]
    assert method["params"][0]["x-was"] == "count"
    assert "Was `count`" in method["params"][0]["description"]
    client = program.text("clients/python/article.py")
    assert "`title`: Was `headline`: that name is still read, but deprecated." in client
    assert "`copies`: Was `count`" in program.text("clients/python/press.py")


def test_typescript_writes_the_new_name(program: SmallProgram) -> None:
    script = """\
import type { ArticleInput, Line } from "./client";
export const article: ArticleInput = { title: "A", slug: "k" };
// @ts-expect-error
export const old: ArticleInput = { headline: "A", slug: "k" };
export const line: Line = { text: "t" };
"""
    folder = program.folder / program.name / "clients/typescript"
    (folder / "values.ts").write_text(script)
    done = compile_types(folder / "values.ts")
    assert done.returncode == 0, done.stdout
    assert "Was `headline`: that name is still read, but deprecated." in (folder / "modules/press.ts").read_text()
