"""No input makes the lexer, parser or formatter fail, and what they accept keeps its meaning.

HERO_FUZZ_SECONDS sets how long each test may look; the default is short.
"""

import io
import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile, decode
from codegen.source.frames import Painter
from codegen.source.printers import FORMATS, as_text, write_findings
from codegen.source.span import NOWHERE
from codegen.syntax import format_file, parse, tree
from codegen.syntax.compare import same_meaning

SECONDS = float(os.environ.get("HERO_FUZZ_SECONDS", "3"))
quick = settings(
    max_examples=max(40, int(SECONDS * 20)),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CASES = Path(__file__).parent.parent / "cases"
SEEDS = [path.read_text() for folder in ("parse", "format") for path in sorted(CASES.glob(f"{folder}/*/*.oschema"))]
WORDS = [
    "module",
    "import",
    "as",
    "service",
    "interface",
    "error",
    "event",
    "webhook",
    "User",
    "str",
    "map",
    "money",
    "a",
    "sid",
    "true",
    "42",
    "-1.5e3",
    '"x"',
    '"\\u00e9"',
    "->",
    "...",
    *"[]{}()<>@,;:=?|&!.",
    "/// doc\n",
    "// c\n",
    "# c\n",
    "\n",
    "\n\n",
    "é",
    "'q'",
    "\\",
    '"open',
    "\t",
    "/*",
    "\u2028",
    "\r",
]


def check(text: str) -> bool:
    """Parse, print findings, and format where there are none; True if the text was valid."""
    source = SourceFile("fuzz.oschema", text)
    report = Report()
    file = parse(source, report)
    last = len(source.lines)
    for finding in report:
        assert 1 <= finding.span.line <= last
        assert 1 <= finding.span.column <= len(source.lines[finding.span.line - 1]) + 1
        assert as_text(finding, {"fuzz.oschema": source}, Painter(True))
    if report.has_errors:
        return False
    formatted = SourceFile("fuzz.oschema", format_file(source, file))
    again = parse(formatted, report)
    assert not report.has_errors, (formatted.text, list(report))
    assert same_meaning(file, again), formatted.text
    assert format_file(formatted, again) == formatted.text
    return True


@quick
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    check(text)


@quick
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    report = Report()
    source = decode("fuzz.oschema", data, report)
    assert (source is None) == report.has_errors
    if source is not None:
        check(source.text)


@quick
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["", " ", " ", "\n"])), max_size=80))
def test_any_tokens(words: list[tuple[str, str]]) -> None:
    check("".join(word + gap for word, gap in words))


def test_mutated_schemas() -> None:
    """Valid and invalid schemas with parts cut, doubled, moved and exchanged."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    until, valid, rounds = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < until or not valid:
        text = mutated(chance.choice(SEEDS), chance)
        rounds += 1
        try:
            valid += check(text)
        except Exception as error:
            error.add_note(f"seed {seed}, input {text!r}")
            raise
    assert valid, f"none of {rounds} mutations was valid"


def mutated(text: str, chance: random.Random) -> str:
    parts = re.findall(r"\s+|\w+|.", text)
    for _ in range(chance.randint(1, 4)):
        at, to = sorted((chance.randrange(len(parts) + 1), chance.randrange(len(parts) + 1)))
        to = min(to, at + chance.choice([1, 1, 2, 5, 30]))
        match chance.randrange(5):
            case 0:
                del parts[at:to]
            case 1:
                parts[at:at] = parts[at:to]
            case 2:
                parts.insert(at, chance.choice(WORDS))
            case 3:
                other = chance.randrange(len(parts) + 1)
                parts[other:other] = parts[at:to]
            case 4:
                parts[at:to] = [chance.choice(["\n", " ", "\n\n", " // why\n", "\n# own\n"])]
        if not parts:
            parts = ["\n"]
    return "".join(parts)


# --- trees ------------------------------------------------------------------------------------------------------

# PERF: a few spellings instead of every name; keywords are among them, for they are legal names.
names = st.sampled_from(["a", "sid", "error", "service", "import", "as", "map", "x_1", "true"]).map(
    lambda text: tree.Name(text, NOWHERE)
)
pascal = st.sampled_from(["A", "User", "USD", "Kind2"]).map(lambda text: tree.Name(text, NOWHERE))
paths = st.lists(names | pascal, min_size=1, max_size=2).map(lambda parts: tree.Path(tuple(parts), NOWHERE))
docs = st.sampled_from([(), (), ("one",), ("Größe `x` // y", "", "/ # two")]).map(
    lambda lines: tuple(tree.DocLine(text, NOWHERE) for text in lines)
)
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(
    lambda text: tree.StringValue(text, NOWHERE)
)
numbers = st.integers(-(10**12), 10**12).map(lambda number: tree.NumberValue(str(number), number, NOWHERE))
values = st.recursive(
    strings | numbers | paths.map(lambda path: tree.PathValue(path, NOWHERE)) | st.just(tree.EmptyMapValue(NOWHERE)),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: tree.ListValue(tuple(items), NOWHERE)),
    max_leaves=4,
)
args = st.builds(tree.Arg, st.none() | names, values, st.just(NOWHERE))
notes = st.builds(tree.Note, names, st.lists(args, max_size=2).map(tuple), st.just(NOWHERE), st.just(True)) | st.builds(
    tree.Note, names, st.just(()), st.just(NOWHERE)
)
several_notes = st.lists(notes, max_size=2).map(tuple)
cores = st.recursive(
    st.builds(
        tree.NamedType, paths, st.none() | pascal.map(lambda name: tree.Path((name,), NOWHERE)), st.just(NOWHERE)
    ).filter(lambda kind: kind.path.text != "map")
    | st.builds(tree.RefType, paths, st.just(NOWHERE)),
    lambda inner: (
        st.builds(tree.ListType, inner, st.just(NOWHERE))
        | st.builds(tree.MapType, inner, inner, st.just(NOWHERE))
        | st.builds(
            tree.OptionalType, inner.filter(lambda kind: not isinstance(kind, tree.OptionalType)), st.just(NOWHERE)
        )
    ),
    max_leaves=4,
)
fields = st.builds(tree.Field, docs, names, st.booleans(), cores, st.none() | values, several_notes, st.just(NOWHERE))
structs = st.lists(fields, max_size=4).map(lambda items: tree.Struct(tuple(items), NOWHERE))
alternatives = st.builds(
    tree.Alternatives,
    st.lists(
        st.builds(tree.Alternative, docs, strings | cores, several_notes, st.just(NOWHERE)), min_size=1, max_size=5
    ).map(tuple),
    st.none() | st.just(NOWHERE),
    st.just(NOWHERE),
)
params = st.builds(tree.Param, names, st.booleans(), cores, st.none() | values, st.just(NOWHERE), several_notes)
errors = st.lists(paths, max_size=2).map(tuple)
methods = st.builds(
    tree.Method,
    docs,
    names,
    st.lists(params, max_size=4).map(tuple),
    st.none() | cores,
    errors,
    several_notes,
    st.just(NOWHERE),
)
members = st.lists(methods, max_size=3).map(tuple)
codes = st.none() | numbers
declarations = st.one_of(
    st.builds(tree.TypeDef, docs, several_notes, pascal, structs | alternatives, st.just(NOWHERE)),
    st.builds(tree.Service, docs, several_notes, pascal, members, st.just(NOWHERE)),
    st.builds(tree.Interface, docs, several_notes, pascal, members, st.just(NOWHERE)),
    st.builds(
        tree.Error,
        docs,
        several_notes,
        pascal,
        numbers,
        codes,
        st.none() | strings,
        st.none() | structs,
        st.just(NOWHERE),
    ),
    st.builds(tree.Event, docs, several_notes, pascal, structs, st.just(NOWHERE)),
    st.builds(tree.Webhook, docs, several_notes, names, strings, cores, errors, several_notes, st.just(NOWHERE)),
)
headers = st.none() | st.builds(tree.ModuleHeader, names, st.none() | strings, st.just(NOWHERE))
imports = st.lists(st.builds(tree.Import, strings, st.none() | names, st.just(NOWHERE)), max_size=2).map(tuple)
files = st.builds(
    tree.File,
    st.just("tree.oschema"),
    headers,
    imports,
    st.lists(declarations, max_size=4).map(tuple),
    st.just(()),
    st.just(frozenset()),
    st.just(NOWHERE),
)


def tokens(node: object) -> Iterator[str]:
    """The words of a node in the order of the grammar, written without the formatter."""
    match node:
        case None:
            return
        case tuple():
            for item in node:
                yield from tokens(item)
        case tree.Name():
            yield node.text
        case tree.Path():
            yield from joined(node.parts, ".")
        case tree.DocLine():
            yield f"\n/// {node.text}\n"
        case tree.StringValue():
            yield '"' + "".join(c if c.isprintable() and c not in '"\\' else escaped(c) for c in node.value) + '"'
        case tree.NumberValue():
            yield node.text
        case tree.PathValue():
            yield from tokens(node.path)
        case tree.ListValue():
            yield from ("[", *joined(node.items, ","), "]")
        case tree.EmptyMapValue():
            yield from "{}"
        case tree.Arg():
            yield from (*tokens(node.name), *("=" if node.name else ""), *tokens(node.value))
        case tree.Note():
            yield node.name.text
            if node.has_parens:
                yield from ("(", *joined(node.args, ","), ")")
        case tree.NamedType():
            yield from tokens(node.path)
            if node.argument:
                yield from ("<", *tokens(node.argument), ">")
        case tree.RefType():
            yield from ("&", *tokens(node.path))
        case tree.ListType():
            yield from ("[", *tokens(node.item), "]")
        case tree.MapType():
            yield from ("map", "<", *tokens(node.key), ",", *tokens(node.value), ">")
        case tree.OptionalType():
            yield from (*tokens(node.inner), "?")
        case tree.Field():
            yield from (
                *tokens(node.docs),
                node.name.text,
                *"?" * node.optional,
                ":",
                *tokens(node.type),
                *default(node.default),
                *at(node.notes),
            )
        case tree.Struct():
            yield from ("{", *tokens(node.fields), "}")
        case tree.Alternative():
            yield from (*tokens(node.docs), *tokens(node.value), *at(node.notes))
        case tree.Alternatives():
            yield from ("|", *joined(node.items, "|"), *(("|", "...") if node.open_span else ()))
        case tree.Param():
            yield from (node.name.text, *"?" * node.optional, ":", *tokens(node.type), *default(node.default))
            yield from at(node.notes)
        case tree.Method():
            yield from (*tokens(node.docs), node.name.text, "(", *joined(node.params, ","), ")", *outcome(node))
        case tree.TypeDef():
            yield from (*front(node), node.name.text, "=", *tokens(node.body))
        case tree.Service():
            yield from (*front(node), "service", node.name.text, "{", *tokens(node.methods), "}")
        case tree.Interface():
            yield from (*front(node), "interface", node.name.text, "{", *tokens(node.methods), "}")
        case tree.Error():
            yield from (
                *front(node),
                "error",
                node.name.text,
                "(",
                *tokens(node.code),
                *(",", *tokens(node.status)) * (node.status is not None),
                ")",
                *tokens(node.message),
                *tokens(node.body),
            )
        case tree.Event():
            yield from (*front(node), "event", node.name.text, *tokens(node.body))
        case tree.Webhook():
            yield from (*front(node), "webhook", node.name.text, "(", *tokens(node.route), ")", *outcome(node))
        case tree.ModuleHeader():
            yield from ("module", node.name.text, *tokens(node.version))
        case tree.Import():
            yield from ("import", *tokens(node.target), *(("as", node.alias.text) if node.alias else ()))
        case tree.File():
            yield from (*tokens(node.module), *tokens(node.imports), *tokens(node.declarations))
        case _:
            raise AssertionError(node)


def escaped(character: str) -> str:
    data = character.encode("utf-16-be")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def joined(nodes: tuple[object, ...], sign: str) -> Iterator[str]:
    for index, node in enumerate(nodes):
        yield from (*([sign] if index else []), *tokens(node))


def default(value: tree.Value | None) -> Iterator[str]:
    yield from ("=", *tokens(value)) if value is not None else ()


def at(listed: tuple[tree.Note, ...]) -> Iterator[str]:
    for note in listed:
        yield from ("@", *tokens(note))


def outcome(node: tree.Method | tree.Webhook) -> Iterator[str]:
    yield from ("->", *tokens(node.result)) if node.result is not None else ()
    yield from ("!", *joined(node.errors, "|")) if node.errors else ()
    yield from at(node.notes)


def front(node: tree.Declaration) -> Iterator[str]:
    yield from tokens(node.docs)
    yield from ("[", *joined(node.brackets, ","), "]") if node.brackets else ()


# PERF: whole trees shrink for minutes; the mutations find the same mistakes in small inputs.
@settings(quick, max_examples=max(60, int(SECONDS * 20)), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(files, st.randoms(use_true_random=False))
def test_any_tree_survives_any_layout(file: tree.File, chance: random.Random) -> None:
    gaps = [" ", " ", " ", "\n", "\n\n", "  // beside\n", "\n# alone\n"]
    text, comments = "", 0
    for word in tokens(file):
        gap = " " if word.startswith("\n") else chance.choice(gaps)
        if word == "[" and "}" in text[-3:]:
            gap = "\n"
        comments += "beside" in gap or "alone" in gap
        text += gap + word
    source = SourceFile("tree.oschema", text + "\n")
    report = Report()
    read = parse(source, report)
    assert not list(report), (text, list(report))
    assert len(read.comments) == comments
    bare = replace(read, comments=())
    assert same_meaning(file, bare), text
    assert check(source.text)


def test_findings_of_garbage_print_in_every_format() -> None:
    report = Report()
    source = SourceFile("g.oschema", "\n".join(WORDS) * 3)
    parse(source, report)
    for form in FORMATS:
        stream = io.StringIO()
        write_findings(report.findings(), {source.path: source}, form, stream)
        assert stream.getvalue().count("OS1") >= len(report) > 10
