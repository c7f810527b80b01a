"""Patterns: the same set of texts in every engine, in linear time."""

import json
import re
import subprocess
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from codegen.runtime.values.pattern import BadPattern, Matches, read_pattern
from tests.npm import NODE

TEXTS = [
    "",
    "a",
    "b",
    "ab",
    "5",
    "\u0665",
    "_",
    "é",
    " ",
    "\u00a0",
    "\u2028",
    "\n",
    "a\n",
    "\r",
    "root",
    "roots",
    "a.b",
    "-",
]
MEANINGS = [
    r"\d",
    r"\D",
    r"\w+",
    r"\W",
    r"\s",
    r"\S",
    ".",
    "..",
    r"[\w.-]+",
    r"[^\s]",
    r"[\s\S]",
    "a|b",
    "^a$|b",
    "a$",
    r"\ba\b",
    "(?!root$)[a-z]+",
    "(?=.*5).*",
    r"(?=\w)(?!a).+",
    "(ab?)*",
    "[a-]",
    r"\u00e9",
    "(a|ab)(c|b)?",
]


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a",
        "^[0-9a-f:]{2,39}$",
        "(?:a|b)+?",
        "\\d{2}-\\w+",
        "[^a-z]",
        "[a\\]\\-]",
        "(?=a)a",
        "(?!a)b",
        "\\u00e9\\x41",
        "a{2}",
        "a{2,}?",
        "\\.\\*\\(\\)\\[\\]\\{\\}",
        ".",
        "\\bword\\b",
        "[-a]",
        "é",
        "\\/",
        "a|",
    ],
)
def test_patterns_that_all_engines_share(pattern: str) -> None:
    """The portable form means the same, and reads as itself."""
    found = read_pattern(pattern)
    assert read_pattern(found.portable) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "(?P<a>b)",
        "(?P=a)",
        "(?<a>b)",
        "(?>a)",
        "(?#x)",
        "(?(1)a|b)",
        "(?i)a",
        "(?i:a)",
        "\\Aa",
        "a\\Z",
        "\\z",
        "\\p{L}",
        "\\P{L}",
        "a*+",
        "a++",
        "a?+",
        "a{2}+",
        "a**",
        "*a",
        "a{",
        "a}",
        "]",
        "a{,2}",
        "{2}",
        "[",
        "[]",
        "[]a]",
        "[^]",
        "[[a]",
        "[a&&b]",
        "[a--b]",
        "(",
        ")",
        "\\",
        "\\1",
        "\\0",
        "\\8",
        "\\a",
        "\\e",
        "\\xZ1",
        "\\u12",
        "\\k",
        "\\-\\Q",
        "(?<=a+)b",
        "(?<=a)b",
        "(?<!ab)c",
        "(a)\\1",
        "a(?=b)b",
        "(?!a)b|c",
        "(a{1000}){1000}",
        "[a\\D]",
        "^*",
        "(|*a)",
        "(?",
        "(?<",
        "[z-a]",
        "\\G",
        "[\\b]",
        "[\\1]",
        "a{99999}",
    ],
)
def test_patterns_that_some_engine_reads_otherwise_or_slowly(pattern: str) -> None:
    with pytest.raises(BadPattern):
        read_pattern(pattern)


@pytest.mark.parametrize("pattern", MEANINGS)
def test_python_and_the_engine_agree(pattern: str) -> None:
    portable = re.compile(read_pattern(pattern).portable.replace("$", r"\Z"), re.ASCII)
    for text in TEXTS:
        assert read_pattern(pattern).fullmatch(text) is bool(portable.search(text)), (pattern, text)


def test_javascript_agrees() -> None:
    """As JSON Schema's validators and browsers read the portable form."""
    asked = json.dumps([[read_pattern(pattern).portable, text] for pattern in MEANINGS for text in TEXTS])
    script = "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(([p, t]) => new RegExp(p).test(t))))"
    said = json.loads(subprocess.run([NODE, "-e", script, asked], capture_output=True, check=True, text=True).stdout)
    assert said == [read_pattern(pattern).fullmatch(text) for pattern in MEANINGS for text in TEXTS]


@given(st.text(alphabet="ab5 \n\u0665", max_size=6))
def test_types_take_what_matches(text: str) -> None:
    pattern = r"(?!a)(\w|\s)+"
    fits = read_pattern(pattern).fullmatch(text)
    try:
        TypeAdapter(Annotated[str, Matches(pattern)]).validate_python(text)
    except ValidationError:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize("pattern", [r"^(\S+\s?)+$", "(a+)+b", "(a|a)*b", r"(?=(a+)+b)a*", "(a?){30}a{30}"])
def test_no_text_is_slow(pattern: str) -> None:
    """With an engine that tries ways again this would not end in this century."""
    assert not read_pattern(pattern).fullmatch("a" * 50_000 + "\n\n")
