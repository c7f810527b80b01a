"""Generated Python that Python would not compile ends a run, by the file's name; the rest comes out formatted."""

import pytest

from codegen.emit.run.formatting import NoPython, formatted

FAULTS = {
    "grammar": "def f(:\n    pass\n",
    "arguments": "def f(a, a):\n    return a\n",
    "keywords": "print(end='', end='')\n",
    "order": "def f(a=1, b):\n    return a\n",
    "names": "def f(a-b):\n    return a\n",
    "return": "return 1\n",
    "yield": "yield 1\n",
    "break": "break\n",
    "await": "def f(x):\n    await x\n",
    "async for": "def f(x):\n    return [y async for y in x]\n",
    "future": "import json\nfrom __future__ import annotations\n",
    "no such future": "from __future__ import nothing\n",
    "star": "def f():\n    from json import *\n",
    "two stars": "a, *b, *c = [1]\n",
    "global": "def f():\n    a = 1\n    global a\n    return a\n",
    "nonlocal": "def f():\n    nonlocal a\n",
    "keyword as name": "None = 1\n",
    "except": "try:\n    pass\nexcept:\n    pass\nexcept ValueError:\n    pass\n",
    "null byte": "a = '\0'\n",
    "escape": "a = '\\x1'\n",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_python_would_not_compile_is_named(fault: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        compile(FAULTS[fault], "text", "exec", dont_inherit=True)
    with pytest.raises(NoPython, match=r"b/second\.py is no Python") as caught:
        formatted({"a/first.py": "x = 1\n", "b/second.py": FAULTS[fault]})
    assert caught.value.path == "b/second.py"


def test_names_that_a_linter_would_ask_about_are_python() -> None:
    text = "from json import *\nfrom os import path\n\nx = undefined\n\n\ndef f(list):\n    l = 1\n"
    assert formatted({"a.py": text}) == {"a.py": text}


def test_long_lines_are_told_to_the_linter() -> None:
    text = '"""Words."""\nx = "' + "word " * 30 + '"\n'
    assert formatted({"a.py": text})["a.py"].splitlines()[1] == "# ruff: noqa: E501"
