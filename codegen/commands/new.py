"""`oschema new`: start a directory of schemas with a small one that is valid and says what it shows, or a plugin."""

from collections.abc import Iterable
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path

import click

from codegen.commands.options import DEFAULT_OUT, FORMAT
from codegen.commands.plugin_project import write_project
from codegen.emit.run.manifest import read_manifest
from codegen.model import sources_of
from codegen.model.casing import is_snake, to_pascal, to_snake
from codegen.runtime.plugins.starter import starters
from codegen.source.diagnostics import Report
from codegen.source.files import discover
from codegen.source.printers import write_findings

LONGEST_PLUGIN = 32

_STARTER = """\
// A module is a directory; its files share one namespace. `oschema generate` writes code for all of it.
// Check it with `oschema lint`, write it tidily with `oschema fmt`, and look rules up with `oschema explain`.
module {name} "1.0.0"

// An enum: one of these strings. Add `| ...` to let readers keep values they do not know.
TaskState = "open" | "done"

// An alias: a type with a rule of its own.
Title = str @len(1, 200)

// An error has a code of its own (1000–1399 or 1500–9999) and an HTTP status.
error AlreadyDone(1001, 409) "the task is done already"

/// A person who has tasks.
// [rootobject]: stored in a table, with CRUD methods (`user.new`, `user.get`, …). [principal]: who can sign in.
[rootobject, principal]
User = {{
    /// Unique among all users.
    name: str                   @unique @len(1, 80)
    created_at: otime = now     @server @immutable
}}

/// Something to do.
// auth(own): a user's CRUD calls reach the tasks that refer to that user; `sid` and `rev` fields are implied.
[rootobject, auth(own)]
Task = {{
    owner_sid: &User            @index @immutable
    title: Title
    note?: str                  @len(0, 2000)
    state: TaskState = open     @index
    due_at?: otime
    done_at?: otime             @server @set_once
}}

/// What can be done with tasks beyond CRUD.
[version("1.0"), auth(own)]
service TaskService {{
    /// Mark a task done, once.
    finish(sid: sid) -> Task ! NotFound | AlreadyDone
    /// How many tasks of the caller are open.
    count_open() -> u32     @safe
}}
"""

_NEXT = """\
// Another module beside those that are there; `import "../other"` binds their names to the prefix `other`.
module {name} "1.0.0"

/// Something to keep.
[rootobject]
{title} = {{
    /// Unique among all of them.
    label: str                  @unique @len(1, 80)
    created_at: otime = now     @server @immutable
}}

/// What can be done beyond CRUD.
[version("1.0")]
service {title}Service {{
    /// How many there are.
    count() -> u32  @safe
}}
"""


@click.command(name="new")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas; it is made where it is missing.",
)
@click.option(
    "--plugin",
    "interface",
    metavar="INTERFACE",
    help="Start a plugin for this interface of an installed program instead: a project in the folder NAME.",
)
@FORMAT
@click.argument("name")
def command(schemas: Path, interface: str | None, form: str, name: str) -> None:
    """Start the module NAME: a directory below --schemas with a small, commented schema.

    With --plugin, start the project of a plugin in the folder NAME. Nothing that exists is overwritten.
    """
    if interface is not None:
        _plugin(interface, name, form)
        return
    if not is_snake(name):
        raise click.UsageError(f"a module's name is snake_case; write {to_snake(name)}")
    directory = schemas / name
    if directory.exists():
        raise click.UsageError(f"{directory.as_posix()} exists already; choose another name")
    path = directory / f"{name}.oschema"
    there = [file for module in discover(schemas, Report()) for file in module.files] if schemas.is_dir() else []
    text = (_NEXT if there else _STARTER).format(name=name, title=to_pascal(name))
    if reason := _refused(schemas, there, path, text):
        raise click.UsageError(f"{reason}; choose another name")
    try:
        directory.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {path.as_posix()}: {error.strerror or error}") from error
    if form != "text":
        write_findings([], {}, form)
        return
    out = _free_package(name)
    more = "" if out == DEFAULT_OUT else f" --out {out}"
    click.echo(f"wrote {path.as_posix()}; next: oschema generate --schemas {schemas.as_posix()}{more}")


def _refused(schemas: Path, there: Iterable[Path], path: Path, text: str) -> str | None:
    """What would be wrong with the new file beside those that are there."""
    report = Report()
    files = {file.relative_to(schemas).as_posix(): file.read_bytes() for file in there if file.is_file()}
    name = path.relative_to(schemas).as_posix()
    sources_of(schemas.resolve().name, {**files, name: text.encode()}, report).resolve(report)
    errors = (each for each in report.findings() if each.span.path == name and each.rule.severity == "error")
    return next((error.message for error in errors), None)


def _free_package(module: str) -> str:
    """A directory for what is generated, which as a package hides none that is installed: that of the project itself
    where it has one, else the first name that is free."""
    if read_manifest(Path(DEFAULT_OUT)).files:
        return DEFAULT_OUT
    names = chain((DEFAULT_OUT, f"{module}_api"), (f"{module}_api_{number}" for number in count(2)))
    return next(name for name in names if not Path(name).exists() and find_spec(name) is None)


def _plugin(interface: str, name: str, form: str) -> None:
    if not is_snake(name) or len(name) > LONGEST_PLUGIN:
        raise click.UsageError(f"a plugin's name is snake_case, at most {LONGEST_PLUGIN} signs; write {to_snake(name)}")
    offered = starters()
    if interface not in offered:
        raise click.UsageError(
            f"no installed program has a starter for {interface!r}; there are {', '.join(offered) or 'none'}"
        )
    folder = Path(name)
    if folder.exists():
        raise click.UsageError(f"{name} exists already; choose another name")
    try:
        written = write_project(offered[interface], name, folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {name}: {error.strerror or error}") from error
    if form != "text":
        write_findings([], {}, form)
        return
    for path in written:
        click.echo(f"wrote {path.as_posix()}")
    click.echo(f"next: cd {name}; pip install -e '.[test]'; pytest")
