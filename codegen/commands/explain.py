"""`oschema explain`: print a rule of the table of diagnostics."""

import click

from codegen.source.catalog import RULES
from codegen.source.diagnostics import Rule
from codegen.source.nearest import nearest

_SECTIONS = {"0": "files and bytes", "1": "syntax", "2": "names and types", "3": "notes, fields and defaults",
             "4": "errors, services and webhooks", "5": "lint", "6": "breaking changes",
             "7": "generated files and migrations"}


@click.command(name="explain")
@click.option("--schemas", hidden=True, help="Taken by every command; the rules are the same for all schemas.")
@click.argument("code", required=False)
def command(schemas: str | None, code: str | None) -> None:
    """Print the rule with this CODE (OS201): what it says, why, wrong and right. Without CODE: all rules."""
    if code is None:
        click.echo("\n".join(_table()))
        return
    rule = RULES.get(code.upper())
    if rule is None:
        near = nearest(code.upper(), RULES)
        hint = f"; did you mean {near}?" if near else ""
        raise click.UsageError(f"there is no rule {code}{hint} `oschema explain` lists all")
    click.echo(explain(rule), nl=False)


def explain(rule: Rule) -> str:
    """The rule as Markdown."""
    lines = [f"{rule.code} ({rule.severity}): {_plain(rule.message)}", "", rule.why.strip("\n")]
    if rule.fix and rule.fix != "{near}":
        lines += ["", f"fix: {_plain(rule.fix)}"]
    return "\n".join(lines) + "\n"


def _plain(template: str) -> str:
    """A format string for people: `{name!r}` → `<name>`."""
    return template.replace("!r}", "}").replace("{{", "\0").replace("}}", "\1").replace("{", "<").replace(
        "}", ">").replace("\0", "{").replace("\1", "}")


def _table() -> list[str]:
    lines: list[str] = []
    section = ""
    for code, rule in sorted(RULES.items()):
        if code[2] != section:
            section = code[2]
            lines += ["", f"{code[:3]}xx {_SECTIONS.get(section, '')}"] if lines else [
                f"{code[:3]}xx {_SECTIONS.get(section, '')}"]
        lines.append(f"  {code}  {rule.severity:7}  {_plain(rule.message)}")
    return lines
