"""The reference is whole HTML: tags close, links lead somewhere, nothing runs and nothing is fetched from elsewhere."""

import itertools
import json
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.cli import main
from codegen.emit.calls.catalogue import catalogue
from codegen.emit.openrpc import openrpc
from codegen.emit.openrpc.samples import sample
from codegen.emit.run.generate import emit_kinds
from codegen.emit.schema import schema
from codegen.model.load import load_program
from codegen.model.model import CRUD_VERBS, Field, Module, Primitive, Program, Struct
from codegen.runtime.reference.code import Code, Snippets
from codegen.runtime.reference.documents import Documents
from codegen.runtime.reference.methods import Operation, sections
from codegen.runtime.reference.pages import Reference
from codegen.runtime.reference.pages import texts as all_texts
from codegen.source.diagnostics import Report
from tests.strict_types import strict_types

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/reference"
SCHEMAS = {
    "product": ROOT / "schemas",
    "library": ROOT / "docs/examples/library/schemas",
    "weather": ROOT / "docs/examples/weather/schemas",
    "shop": CASES / "shop/in",
}
VOID = {"meta", "link", "br", "hr", "img", "input", "wbr", "!doctype"}


class Page(HTMLParser):
    """Collects what the tests ask about; a tag closed in the wrong place is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag in ("a", "link"):
            self.links.append(str(found.get("href")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def load(root: Path) -> Program:
    report = Report()
    program = load_program(root, report)
    assert program is not None, list(report)
    return program


def reference(program: Program) -> Reference:
    """The pages from the two documents as they are read again from their files."""
    documents = [json.loads(json.dumps(make(program))) for make in (openrpc.document, schema.document)]
    return Reference(lambda: documents[0], lambda: documents[1])


def texts(root: Path) -> dict[str, str]:
    return {path: content.decode() for path, content in all_texts(reference(load(root)))}


@pytest.fixture(scope="module", params=sorted(SCHEMAS))
def site(request: pytest.FixtureRequest) -> Mapping[str, Page]:
    return {path: Page(text) for path, text in texts(SCHEMAS[request.param]).items() if path.endswith(".html")}


def test_ids_are_unique(site: Mapping[str, Page]) -> None:
    for path, page in site.items():
        assert len(page.ids) == len(set(page.ids)), path


def test_links_lead_somewhere(site: Mapping[str, Page]) -> None:
    for path, page in site.items():
        for link in page.links:
            if link == "style.css":
                continue
            target, _, anchor = link.partition("#")
            assert (target or path) in site, f"{path} → {link}"
            assert not anchor or anchor in site[target or path].ids, f"{path} → {link}"


def test_nothing_runs_and_nothing_is_fetched(site: Mapping[str, Page]) -> None:
    for path, page in site.items():
        for tag, attributes in page.tags:
            assert tag not in ("script", "iframe", "object", "embed", "style", "form", "base"), path
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")], path
        assert not [link for link in page.links if ":" in link], path
        policies = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
        assert policies and "default-src 'none'" in str(policies[0])


def test_the_stylesheet_stands_alone() -> None:
    style = texts(SCHEMAS["shop"])["style.css"]
    assert not re.search(r"url\(|@import|https?:", style)
    assert "prefers-color-scheme: dark" in style


def test_pages_have_landmarks_and_one_heading(site: Mapping[str, Page]) -> None:
    for path, page in site.items():
        tags = [tag for tag, _ in page.tags]
        assert tags.count("h1") == tags.count("main") == tags.count("header") == 1, path
        assert ("html", {"lang": "en"}) in page.tags
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), (path, levels)
        assert all(a.get("aria-label") for tag, a in page.tags if tag == "nav"), path
        labelled = [str(a["aria-labelledby"]) for _, a in page.tags if "aria-labelledby" in a]
        assert set(labelled) <= set(page.ids), path


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_everything_is_described(name: str) -> None:
    program = load(SCHEMAS[name])
    site = {path: Page(text) for path, text in texts(SCHEMAS[name]).items() if path.endswith(".html")}
    calls = catalogue(program)
    for section in calls.sections:
        ids = site[f"methods-{section.group.name}.html"].ids
        assert [operation.name for operation in section.operations] == [
            id_ for id_ in ids if id_ in {o.name for o in section.operations}
        ]
    for module in program.modules:
        assert not module.types or {d.name for d in module.types} <= set(site[f"types-{module.name}.html"].ids)
        assert {error.slug for error in module.errors} <= set(site["errors.html"].ids)
        assert not module.events or {event.name for event in module.events} <= set(site["events.html"].ids)
        assert not module.interfaces or {i.name for i in module.interfaces} <= set(site["plugins.html"].ids)


def snippets(program: Program) -> Iterator[tuple[Operation, Snippets]]:
    documents = Documents(openrpc.document(program), schema.document(program))
    code = Code(documents)
    for section in sections(documents):
        for operation in section.operations:
            assert operation.name in section.examples, operation.wire
            yield operation, code.snippets(section.client, operation, section.examples[operation.name])


def plain(markup: str) -> str:
    return unescape(re.sub("<[^>]+>", "", markup))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_curl_examples_carry_whole_requests(name: str) -> None:
    for operation, found in snippets(load(SCHEMAS[name])):
        words = shlex.split(plain(found.curl))
        assert words[:2] == ["curl", "$RPC_URL"]
        assert ("$AUTH" in words) == (operation.auth != "public")
        request = json.loads(words[words.index("-d") + 1])
        assert (request["jsonrpc"], request["method"]) == ("2.0", operation.wire)
        assert request.get("params", {}).keys() <= {param["name"] for param in operation.params}
        assert json.loads(plain(found.answer)).keys() == {"jsonrpc", "id", "result"}


def test_quotes_in_curl_examples_are_escaped() -> None:
    (found,) = (found for operation, found in snippets(load(SCHEMAS["shop"])) if operation.wire == "shop.v2.close")
    assert json.loads(shlex.split(plain(found.curl))[-1])["params"] == {"reason": "it's late"}


def test_python_examples_fit_the_client(tmp_path: Path) -> None:
    program = load(SCHEMAS["shop"])
    for path, wanted in emit_kinds(program, ("models", "errors", "clients")).items():
        (tmp_path / "made" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / path).write_bytes(wanted.data)
    calls = [plain(found.python).replace("\n", "\n    ") for _, found in snippets(program)]
    assert len(calls) > 10
    (tmp_path / "examples.py").write_text(
        "\n".join(
            [
                "from datetime import date, datetime",
                "from codegen.runtime.values.types import Money",
                "from made.clients.python import Client",
                "from made.models.shop import *",
                "",
                "def run(client: Client) -> None:",
                *(f"    {call}" for call in calls),
                "",
            ]
        )
    )
    done = strict_types(tmp_path, "examples.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_doc_lines_are_text() -> None:
    text = texts(SCHEMAS["shop"])["types-shop.html"]
    assert "&lt;b&gt;Not&lt;/b&gt; markup" in text
    assert '<a href="types-shop.html#Order"><code>Order</code></a> leads somewhere' in text
    assert "matches [a-z&lt;&amp;]{2,10}" in text
    assert "<b>" not in text


def many(count: int) -> Program:
    structs = tuple(
        Struct(
            name=f"Type{n}",
            module="big",
            rootobject=n % 10 == 0,
            wire=f"type{n}" if n % 10 == 0 else "",
            crud=CRUD_VERBS if n % 10 == 0 else (),
            fields=(
                Field(name="sid", type=Primitive("sid")),
                Field(name="name", type=Primitive("str"), index=True),
                Field(name="amount", type=Primitive("money", "USD")),
                Field(name="at", type=Primitive("otime")),
            ),
        )
        for n in range(count)
    )
    return Program(
        modules=(Module(name="big", version="1.0", path=".", files=("big.oschema",), imports=(), types=structs),)
    )


def test_time_and_size_grow_with_the_number_of_types() -> None:
    def measure(count: int) -> tuple[float, int]:
        program = many(count)
        best, size = float("inf"), 0
        for _ in range(3):
            made = reference(program)
            started = time.process_time()
            size = sum(len(content) for _, content in all_texts(made))
            best = min(best, time.process_time() - started)
        return best, size

    (quick, small), (slow, large) = measure(250), measure(1000)
    assert slow < 10 * quick
    assert large < 4.5 * small


def test_nothing_is_rendered_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the reference reads no document; a page renders itself alone, once."""
    program = load(SCHEMAS["shop"])
    read: list[str] = []

    def loading(name: str, document: Mapping[str, object]) -> Callable[[], Mapping[str, object]]:
        def load_it() -> Mapping[str, object]:
            read.append(name)
            return document

        return load_it

    made = Reference(loading("openrpc", openrpc.document(program)), loading("schema", schema.document(program)))
    assert read == []
    assert made.page("nothing.html") is None
    first = made.page("errors.html")
    assert first is not None and made.page("errors.html") is first
    assert sorted(read) == ["openrpc", "schema"]


def test_the_command_writes_the_pages(tmp_path: Path) -> None:
    def write(schemas: Path, name: str) -> Result:
        return CliRunner().invoke(main, ["reference", "--schemas", str(schemas), "--out", str(tmp_path / name)])

    result = write(SCHEMAS["shop"], "pages")
    assert result.exit_code == 0, result.output
    written = {path.name: path.read_text() for path in (tmp_path / "pages").iterdir()}
    assert written == texts(SCHEMAS["shop"])
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong/x.oschema").write_text("A = { b: Nothing }")
    result = write(tmp_path / "wrong", "p2")
    assert result.exit_code == 1 and "OS201" in result.output and not (tmp_path / "p2").exists()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[a-z]{3}", r"[a-z]{3}"),
        ("^[0-9a-f:]{2,39}$", None),
        ("(ssh-[a-z]+|ecdsa) [A-Z]+={0,3}( [^\\n]*)?", None),
        (r"\d{4}-\d{2}", None),
        (r"a|b|", None),
        (r"(?:x|y){2,}z?", None),
        (r"[^a-z]", None),
        (r"\w+@\w+\.com", None),
        (r"[\]\-a]+", None),
        (r"(?=a)a", None),
        (".{5}", None),
    ],
)
def test_samples_match_their_pattern(pattern: str, expected: str | None) -> None:
    text = sample(pattern, "seed")
    assert text is not None
    assert re.fullmatch(expected or pattern, text, re.ASCII)
    assert text == sample(pattern, "seed")


def test_no_sample_where_none_is_found() -> None:
    assert sample("(?!a)a") is None


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_case(case: Path, update: bool) -> None:
    """The stylesheet is left out: it is the template's text."""
    found = {path: text for path, text in texts(case / "in").items() if path != "style.css"}
    expected = case / "expected"
    if update:
        expected.mkdir(exist_ok=True)
        for old in expected.iterdir():
            old.unlink()
        for path, text in found.items():
            (expected / path).write_text(text)
    assert found == {path.name: path.read_text() for path in expected.iterdir()}
