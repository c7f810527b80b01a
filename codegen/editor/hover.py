"""How a declaration is shown beside a name that means it."""

from __future__ import annotations

from codegen.source.files import SourceFile
from codegen.syntax import tree

_LINES = 30
"""Of a declaration, as many are shown."""


def shown(node: tree.Declaration, source: SourceFile) -> str:
    """The declaration without its doc lines, which follow, as Markdown."""
    first = max((doc.span.end_line + 1 for doc in node.docs), default=node.span.line)
    lines = source.lines[first - 1 : node.span.end_line]
    text = "\n".join([*lines[:_LINES], *(["…"] if len(lines) > _LINES else [])])
    doc = "\n".join(line.text for line in node.docs)
    return f"```oschema\n{text}\n```" + (f"\n\n{doc}" if doc else "")
