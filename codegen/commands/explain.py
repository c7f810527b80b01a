"""`oschema explain`: print a rule of the table of diagnostics."""

import json

import click

from codegen.commands.options import FORMAT
from codegen.source.catalog import RULES
from codegen.source.diagnostics import Rule

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


@click.command(name="explain")
@click.option("--schemas", hidden=True, help="Taken by every command; the rules are the same for all schemas.")
@FORMAT
@click.argument("code", required=False)
def command(schemas: str | None, form: str, code: str | None) -> None:
    """Print the rule with this CODE (OS201): what it says, why, wrong and right. Without CODE: all rules."""
    if code is None:
        click.echo(
            _json([_record(rule) for _, rule in sorted(RULES.items())]) if form == "json" else "\n".join(_table())
        )
        return
    rule = RULES.get(code.upper())
    if rule is None:
        raise click.UsageError(f"there is no rule {code}; {_hint(code.upper())}`oschema explain` lists all")
    click.echo(_json(_record(rule)) + "\n" if form == "json" else explain(rule), nl=False)


def _hint(code: str) -> str:
    """The rule that differs in one sign."""
    near = [
        known for known in sorted(RULES) if sum(a == b for a, b in zip(code, known, strict=False)) >= len(known) - 1
    ]
    return f"did you mean {near[0]}? " if near else ""


def _record(rule: Rule) -> dict[str, str]:
    """The rule for machines."""
    fix = {"fix": _plain(rule.fix)} if rule.fix else {}
    return {
        "code": rule.code,
        "severity": rule.severity,
        "message": _plain(rule.message),
        **fix,
        "why": rule.why.strip("\n"),
    }


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def explain(rule: Rule) -> str:
    """The rule as Markdown."""
    lines = [f"{rule.code} ({rule.severity}): {_plain(rule.message)}", "", rule.why.strip("\n")]
    if rule.fix and rule.fix != "{near}":
        lines += ["", f"fix: {_plain(rule.fix)}"]
    return "\n".join(lines) + "\n"


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
