"""Root objects as parameters: without what the server fills in, wherever they stand; what is sent of it is ignored."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from codegen.runtime.client.client import Call
from codegen.runtime.storage.database import Database
from tests.npm import compile_types
from tests.small_program import Served, SmallProgram, small_program

SCHEMA = """\
module paper "1.0.0"
/// What is printed.
[rootobject, auth(public)]
Article = {
    title: str          @len(1, 80) @unique @immutable
    pages: i32 = 1
    made_at: otime      @server @was("born_at")
    score: i32          @computed
    half?: i32          @computed
    secret?: str        @sensitive
}
[rootobject, auth(public), append_only]
Log = { text: str }
Plain = { n: i32 }
Batch = { articles: [Article]  more?: Batch }
Part = Plain | Batch
Many = [Article]
ArticleParam = { taken: bool }

[auth(public)]
service PaperService {
    one(article: Article, log?: Log) -> Article
    nested(batch?: Batch, part?: Part, many: Many = [], by_name: map<str, Article?> = {}, plain?: Plain) -> [str]
    taken(value: ArticleParam) -> bool
}
interface Printer { print(article: Article) }
"""
HANDLERS = """\
from codegen.runtime.context import Context
from codegen.runtime.storage.store import Store
from paper_generated.models.paper import Article, ArticleParam, ArticleParam_, BatchParam, LogParam, Plain
from paper_generated.models.paper import ManyParam, PartParam
from paper_generated.services.paper import PaperService
from paper_generated.tables.paper import ARTICLE

class Paper(PaperService):
    def one(self, context: Context, *, article: ArticleParam_, log: LogParam | None = None) -> Article:
        for name in ("sid", "rev", "made_at", "score", "half"):
            assert not hasattr(article, name)
        given = {"title": article.title, "pages": article.pages}
        return Store.of(ARTICLE, context.database).new(given, context.clock.now())

    def nested(self, context: Context, *, batch: BatchParam | None = None, part: PartParam | None = None,
               many: ManyParam, by_name: dict[str, ArticleParam_ | None], plain: Plain | None = None) -> list[str]:
        all = [*many, *(each for each in by_name.values() if each)]
        while batch:
            all += batch.articles
            batch = batch.more
        if isinstance(part, BatchParam):
            all += part.articles
        return [each.title for each in all]

    def taken(self, context: Context, *, value: ArticleParam) -> bool:
        return value.taken
"""
FILLED: dict[str, Any] = {"sid": "abcd", "rev": 7, "made_at": "x", "born_at": 5, "score": None, "half": []}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProgram]:
    folder = tmp_path_factory.mktemp("paper")
    (folder / "root_handlers.py").write_text(HANDLERS)
    with small_program(folder, "paper", SCHEMA) as made:
        made.module("tables.paper").ARTICLE.computes(lambda article: {"score": article.pages, "half": None})
        yield made


@pytest.fixture
def served(program: SmallProgram, database: Database) -> Served:
    import root_handlers  # type: ignore[import-not-found]

    return program.served(database, [root_handlers.Paper()])


def test_nothing_of_the_server_is_demanded_or_let_through(served: Served) -> None:
    made = served.call("paper.one", {"article": {"title": "A", **FILLED}, "log": {"text": "t", "sid": "abcd"}})
    assert made["sid"] != "abcd" and (made["rev"], made["made_at"]) == (1, "2026-05-20T22:03:14Z")
    assert served.call("paper.one", {"article": {"title": "B", "pages": 2}})["score"] == 2
    assert served.call("paper.one", [{**made, "title": "C"}])["title"] == "C", "as it was read"
    wrong = served.call("paper.one", {"article": {"title": "", "page": 1}})["data"]["errors"]
    assert [(each["path"], each["rule"]) for each in wrong] == [
        ("article.title", "string_too_short"),
        ("article.page", "extra_forbidden"),
    ]


def test_wherever_it_stands(served: Served) -> None:
    one = {"title": "A", **FILLED}
    params = {
        "batch": {"articles": [one, {"title": "B"}], "more": {"articles": [{"title": "C"}]}},
        "part": {"type": "batch", "articles": [{**one, "title": "D"}]},
        "many": [{**one, "title": "E"}],
        "by_name": {"f": None, "g": {**one, "title": "G"}},
    }
    assert served.call("paper.nested", params) == ["E", "G", "A", "B", "C", "D"]
    assert served.call("paper.nested", {"part": {"type": "plain", "n": 1}}) == []
    assert served.call("paper.taken", {"value": {"taken": True}}) is True


def test_documents_and_clients_offer_what_is_read(program: SmallProgram) -> None:
    openrpc = program.document("openrpc.json")
    form = openrpc["components"]["schemas"]["ArticleParam_"]
    assert list(form["properties"]) == ["title", "pages", "secret"] and form["required"] == ["title"]
    (method,) = [each for each in openrpc["methods"] if each["name"] == "paper.one"]
    assert method["params"][0]["schema"] == {"$ref": "#/components/schemas/ArticleParam_"}
    assert method["result"]["schema"] == {"$ref": "#/components/schemas/Article"}
    (example,) = method["examples"]
    given = next(each for each in example["params"] if each.get("name", "") != "log")
    value = given["value"] if "value" in given else openrpc["components"]["examples"]["ArticleParam_"]["value"]
    jsonschema.validate(value, {**openrpc, "$ref": "#/components/schemas/ArticleParam_"})
    client = program.module("clients.python.paper")
    models = program.module("models.paper")
    call: Call = client._ONE
    body, _ = call.request(1, {"article": models.ArticleParam_(title="A"), "log": {"text": "t"}})
    assert b'"params":{"article":{"title":"A","pages":1,"secret":null},"log":{"text":"t"}}' in body


def test_typescript(program: SmallProgram) -> None:
    script = """\
import { Client } from "./client";
export const client = new Client("http://localhost/rpc");
client.paper.one({ article: { title: "A" } }).then((made) => made.sid);
client.paper.nested({ batch: { type: "batch", articles: [{ title: "A" }] }, part: { type: "plain", n: 1 } });
// @ts-expect-error
client.paper.one({ article: { title: "A", sid: "abcd" } });
// @ts-expect-error
client.paper.one({ article: { title: "A", made_at: "2026-05-20T22:03:14Z" } });
"""
    folder = program.folder / program.name / "clients/typescript"
    (folder / "values.ts").write_text(script)
    done = compile_types(folder / "values.ts")
    assert done.returncode == 0, done.stdout
