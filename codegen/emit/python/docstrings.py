"""Doc lines of a schema as Python docstrings: escaped, and wrapped where they are too long for the file."""

import textwrap

_WIDTH = 120


def docstring(text: str, indent: str) -> str:
    """The whole literal, indented, without a newline at its end. One line stays one where it fits."""
    safe = text.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if safe.endswith('"'):
        safe = f'{safe[:-1]}\\"'
    single = f'{indent}"""{safe}"""'
    if "\n" not in safe and len(single) <= _WIDTH:
        return single
    lines: list[str] = []
    for line in safe.split("\n"):
        room = _WIDTH - len(indent) - (0 if lines else 3)
        lines += textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]
    body = f"\n{indent}".join(lines)
    return "\n".join(line.rstrip() for line in f'{indent}"""{body}\n{indent}"""'.split("\n"))
