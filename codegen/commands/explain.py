"""`oschema explain`: print a rule, a type, a note, or a topic of the language."""

import json
import sys

import click

from codegen.commands.language import TOPICS, topic
from codegen.commands.options import FORMAT
from codegen.source.catalog import RULES
from codegen.source.changes import SURFACE_NAMES, ChangeRule
from codegen.source.diagnostics import Rule
from codegen.source.printers import shows_all

_SECTIONS = {
    "0": "files and bytes",
    "1": "syntax",
    "2": "names and types",
    "3": "notes, fields and defaults",
    "4": "errors, services and webhooks",
    "5": "lint",
    "6": "breaking changes",
    "7": "generated files and migrations",
}
_CHANGES = {rule.name: rule for rule in RULES.values() if isinstance(rule, ChangeRule)}
"""Changes by the names that `--approve` takes."""


@click.command(name="explain")
@click.option("--schemas", hidden=True, help="Taken by every command; the rules are the same for all schemas.")
@FORMAT
@click.argument("code", required=False)
def command(schemas: str | None, form: str, code: str | None) -> None:
    """Explain a rule by its CODE (OS201, FIELD_DELETE), a type or a note by its name (money, unique), or a topic:
    types, notes, scopes, crud, wire, defaults. Without CODE: all rules.
    """
    if code is None:
        click.echo(
            _json([_record(rule) for _, rule in sorted(RULES.items())]) if form == "json" else "\n".join(_table())
        )
        return
    rule = RULES.get(code.upper()) or _CHANGES.get(code.upper())
    if rule is None:
        text = topic(code)
        if text is None:
            raise click.UsageError(f"there is no rule {code}; {_hint(code.upper())}`oschema explain` lists all")
        click.echo(_json({"topic": code, "text": text}) if form == "json" else text, nl=form == "json")
        return
    click.echo(_json(_record(rule)) + "\n" if form == "json" else explain(rule), nl=False)


def _hint(code: str) -> str:
    """The rule that differs in one sign."""
    near = [
        known for known in sorted(RULES) if sum(a == b for a, b in zip(code, known, strict=False)) >= len(known) - 1
    ]
    if not near:
        return f"topics are {', '.join(TOPICS)}; types and notes go by their names; "
    return f"did you mean {near[0]}? "


def _record(rule: Rule) -> dict[str, object]:
    """The rule for machines."""
    change = {"rule": rule.name, "surfaces": rule.verdicts} if isinstance(rule, ChangeRule) else {}
    fix = {"fix": _plain(rule.fix)} if rule.fix else {}
    return {
        "code": rule.code,
        "severity": rule.severity,
        "message": _plain(rule.message),
        **fix,
        **change,
        "why": rule.why.strip("\n"),
    }


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=not shows_all(sys.stdout))


def explain(rule: Rule) -> str:
    """The rule as Markdown."""
    lines = [f"{rule.code} ({rule.severity}): {_plain(rule.message)}", "", rule.why.strip("\n")]
    if isinstance(rule, ChangeRule):
        lines += ["", f"{rule.name}: {verdicts(rule)}"]
    if rule.fix and rule.fix != "{near}":
        lines += ["", f"fix: {_plain(rule.fix)}"]
    return "\n".join(lines) + "\n"


def verdicts(rule: ChangeRule) -> str:
    """The verdicts on the three surfaces: `wire breaking for those who send it, storage migration, source ok`."""
    said = {surface: str(verdict) for surface, verdict in rule.verdicts.items()}
    if rule.wire == "breaking" and rule.side is not None:
        said["W"] += " for those who send it" if rule.side == "in" else " for those who read it"
    if rule.storage == "breaking" and rule.rows:
        said["S"] += " if rows are in the way"
    return ", ".join(f"{SURFACE_NAMES[surface]} {words}" for surface, words in said.items())


def _plain(template: str) -> str:
    """A format string for people: `{name!r}` → `<name>`."""
    return (
        template.replace("!r}", "}")
        .replace("{{", "\0")
        .replace("}}", "\1")
        .replace("{", "<")
        .replace("}", ">")
        .replace("\0", "{")
        .replace("\1", "}")
    )


def _table() -> list[str]:
    lines: list[str] = []
    section = ""
    for code, rule in sorted(RULES.items()):
        if code[2] != section:
            section = code[2]
            lines += (
                ["", f"{code[:3]}xx {_SECTIONS.get(section, '')}"]
                if lines
                else [f"{code[:3]}xx {_SECTIONS.get(section, '')}"]
            )
        lines.append(f"  {code}  {rule.severity:7}  {_plain(rule.message)}")
    return lines
