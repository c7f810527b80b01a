"""Doc lines of a schema as Python docstrings: escaped, and wrapped where they are too long for the file."""

import re
import textwrap

_WIDTH = 120
_CLOSING = re.compile(r'"{3,}|"\Z')
"""Quotes that would end a docstring."""


def escaped(text: str) -> str:
    """As it may stand between triple quotes."""
    return _CLOSING.sub(lambda quotes: '\\"' * len(quotes[0]), text.replace("\\", "\\\\"))


def docstring(text: str, indent: str) -> str:
    """The whole literal, indented, without a newline at its end. One line stays one where it fits."""
    safe = escaped(text.strip())
    single = f'{indent}"""{safe}"""'
    if "\n" not in safe and len(single) <= _WIDTH:
        return single
    lines: list[str] = []
    for line in safe.split("\n"):
        room = _WIDTH - len(indent) - (0 if lines else 3)
        lines += textwrap.wrap(
            line,
            room,
            break_long_words=False,
            break_on_hyphens=False,
            expand_tabs=False,
            replace_whitespace=False,
        ) or [""]
    body = f"\n{indent}".join(lines)
    return "\n".join(line.rstrip() for line in f'{indent}"""{body}\n{indent}"""'.split("\n"))
