"""`oschema diff`: what changed in the schemas since an earlier version, as Markdown for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from codegen.commands.breaking import compare
from codegen.commands.options import SCHEMAS
from codegen.rules.breaking import Change, changes

_HEADINGS = ("Breaking", "To be approved", "Worth knowing", "Deprecated", "Added", "Changed")


@click.command(name="diff")
@SCHEMAS
@click.option(
    "--against",
    metavar="REF|DIR|LOCK",
    help="A git revision, a directory or a lock; the schemas' own lock if left out.",
)
def command(schemas: Path, against: str | None) -> None:
    """Write the change log of the schemas: what breaks, what came, what is deprecated."""
    compared, earlier, _ = compare(schemas, against, "text")
    click.echo(change_log(earlier.name, changes(compared)), nl=False)


def change_log(since: str, found: Iterable[Change]) -> str:
    """Markdown, a section for each sort of change; sections without a change are left out."""
    sections: dict[str, list[str]] = {heading: [] for heading in _HEADINGS}
    for change in found:
        sections[_heading(change)].append(_line(change))
    written = [f"## {heading}\n\n" + "\n".join(lines) for heading, lines in sections.items() if lines]
    return "\n\n".join([f"# Changes since {since}", *(written or ["Nothing changed."])]) + "\n"


def _heading(change: Change) -> str:
    verdicts = set(change.verdicts.values())
    if "breaking" in verdicts:
        return "Breaking"
    if "approval" in verdicts:
        return "To be approved"
    if change.rule.warns:
        return "Worth knowing"
    if change.rule.name == "DEPRECATE":
        return "Deprecated"
    return "Added" if "_ADD" in change.rule.name or change.rule.name == "CRUD_WIDEN" else "Changed"


def _line(change: Change) -> str:
    message = change.rule.message.format(**change.place.values)
    why = f" {change.rule.why.replace(chr(10), ' ').strip()}" if "breaking" in change.verdicts.values() else ""
    return f"- `{change.place.subject}`: {message}.{why}"
