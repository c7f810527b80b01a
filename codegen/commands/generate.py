"""`oschema generate`: write everything that follows from the schemas, or say what is not as it should be."""

from __future__ import annotations

import gc
import json
import signal
import threading
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codegen.commands.options import DEFAULT_OUT, FORMAT, SCHEMAS
from codegen.emit.header import COMMAND
from codegen.emit.run.freshness import Difference, compare, stale_manifest, touched
from codegen.emit.run.manifest import Manifest, input_digest, read_manifest
from codegen.emit.run.project import read_project
from codegen.source import catalog
from codegen.source.diagnostics import Report
from codegen.source.printers import plural, write_findings
from codegen.source.span import Span

if TYPE_CHECKING:
    from codegen.emit.run.freshness import Wanted

_RULES = {
    "changed": catalog.GENERATED_CHANGED,
    "missing": catalog.GENERATED_MISSING,
    "orphan": catalog.GENERATED_ORPHAN,
    "edited": catalog.GENERATED_EDITED,
    "in the way": catalog.GENERATED_IN_THE_WAY,
}


@click.command(name="generate")
@SCHEMAS
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(DEFAULT_OUT),
    show_default=True,
    help="The directory that is written.",
)
@click.option("--check", is_flag=True, help="Write nothing; list what is not as it should be, and exit 1 if anything.")
@click.option("--watch", is_flag=True, help="Go on, and generate again whenever a schema changes.")
@click.option("--only", metavar="KIND", help="One kind of output: models, tables, clients, …")
@FORMAT
def command(schemas: Path, out: Path, check: bool, watch: bool, only: str | None, form: str) -> None:
    """Write everything that follows from the schemas: models, tables, routes, clients, documents.

    Files edited by hand are restored, files that nothing asks for any more are removed; a file that was not generated
    is never touched. A run with nothing to do writes nothing.

    It takes no single schema files: each file that is written may follow from several of them.
    """
    if check and watch:
        raise click.UsageError("--check writes nothing, so there is nothing to --watch for")
    run = Run(schemas, out, only, form)
    if watch:
        run.watch()
    elif not (run.check() if check else run.generate()):
        raise SystemExit(1)


class Run:
    """One command line; `mend` is the command that mends stale output.

    Heavy modules are imported where they are needed: a run with nothing to do is quick.
    """

    def __init__(self, schemas: Path, out: Path, only: str | None, form: str) -> None:
        self.schemas, self.out, self.only, self.form = schemas, out, only, form
        try:
            self.project = read_project(out)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        self.command = self.project.regenerate or COMMAND
        self.mend = self.project.regenerate or f"{COMMAND} --schemas {schemas.as_posix()} --out {out.as_posix()}"

    def check(self) -> bool:
        """Whether everything is fresh; prints what is not."""
        digest = self._digest()
        old = read_manifest(self.out)
        kinds = self._kinds(old)
        if old.input == digest:
            differences = touched(self.out, old, kinds)
        else:
            made = self._emit(old)
            if made is None:
                return False
            wanted, kinds = made
            differences = compare(self.out, old, wanted, kinds)
            if (stale := stale_manifest(self.out, self._manifest(old, wanted, kinds, digest))) is not None:
                differences.append(stale)
        self._show(differences)
        return not differences

    def generate(self) -> bool:
        """Write what differs; False where the schemas are wrong or something is in the way."""
        started = time.perf_counter()
        digest = self._digest()
        old = read_manifest(self.out)
        if old.input == digest and not touched(self.out, old, self._kinds(old)):
            self._say("nothing to do")
            return True
        made = self._emit(old)
        if made is None:
            return False
        wanted, kinds = made
        differences = compare(self.out, old, wanted, kinds)
        blocking = [difference for difference in differences if difference.state == "in the way"]
        if blocking:
            self._findings(blocking)
            return False
        from codegen.emit.run.generate import write

        try:
            write(self.out, wanted, differences, (old, self._manifest(old, wanted, kinds, digest)), self.command)
        except OSError as error:
            self._unwritable(error)
            return False
        self._tell(differences, wanted, time.perf_counter() - started)
        return True

    def watch(self) -> None:
        """Generate, then again after each change of a schema file, until interrupted; errors do not end it.

        An interrupt waits until a run has written its files.
        """
        from watchfiles import watch

        gc.enable()
        interrupted = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
        seen = self._digest()
        self._again()
        click.echo(f"watching {self.schemas} (Ctrl-C ends)")
        for changes in watch(
            self.schemas,
            watch_filter=lambda _, path: path.endswith(".oschema"),
            stop_event=interrupted,
            yield_on_timeout=True,
            rust_timeout=500,
        ):
            # What changed before the watch stood is seen at its first rest.
            if changes or (seen and self._digest() != seen):
                self._again()
            seen = ""

    def _again(self) -> None:
        try:
            self.generate()
        except Exception as error:  # the next change may mend it
            click.echo(f"oschema: {error}", err=True)

    def _digest(self) -> str:
        return input_digest(self.schemas, self.command, self.project.typescript_integers)

    # --- parts --------------------------------------------------------------------------------------------------

    def _kinds(self, manifest: Manifest) -> Collection[str]:
        """The kinds asked for, as far as the manifest shows them."""
        if self.only is None:
            return {entry.kind for entry in manifest.files.values()}
        self._check_only()
        return {self.only}

    def _check_only(self) -> None:
        from codegen.emit.output import KINDS

        if self.only is not None and self.only not in KINDS:
            raise click.BadParameter(f"{self.only!r} is none of {', '.join(KINDS)}", param_hint="--only")

    def _emit(self, old: Manifest) -> tuple[dict[str, Wanted], Collection[str]] | None:
        """The files wanted and their kinds; None, after findings, where the schemas are wrong."""
        from codegen.emit.output import KINDS
        from codegen.emit.run.formatting import NoPython
        from codegen.emit.run.generate import PACKAGES, emit_kinds
        from codegen.model.load import load_sources

        self._check_only()
        report = Report()
        sources = load_sources(self.schemas, report)
        program = sources.resolve(report)
        if program is None or report.has_errors:
            write_findings(report.findings(), sources.texts, self.form)
            return None
        kinds = [*KINDS, PACKAGES] if self.only is None else [self.only]
        try:
            wanted = emit_kinds(program, kinds, self.command, self.project.typescript_integers)
        except NoPython as error:
            path = (self.out / error.path).as_posix()
            report.add(catalog.GENERATED_NO_PYTHON, Span(path, 1, 1, 1, 1), reason=error.reason)
            write_findings(report.findings(), {}, self.form)
            return None
        # What an earlier generator wrote of kinds that are no more goes, too.
        return wanted, kinds if self.only is not None else {*kinds, *(each.kind for each in old.files.values())}

    def _manifest(self, old: Manifest, wanted: dict[str, Wanted], kinds: Collection[str], digest: str) -> Manifest:
        """The manifest after this run; one that wrote only some kinds says nothing of the others' inputs."""
        files = {path: want.entry for path, want in wanted.items()}
        if self.only is None:
            return Manifest(digest, files)
        kept = {path: entry for path, entry in old.files.items() if entry.kind not in kinds}
        return replace(old, input=old.input if old.input == digest else None, files=kept | files)

    # --- what is said -------------------------------------------------------------------------------------------

    def _show(self, differences: list[Difference]) -> None:
        if self.form != "text":
            self._findings(differences)
            return
        blocking = [difference for difference in differences if difference.state == "in the way"]
        self._lines([difference for difference in differences if difference not in blocking])
        if blocking:  # nothing can be mended before these are gone
            self._findings(blocking)
            return
        click.echo(f"\nfix: {self.mend}" if differences else f"{self.out.as_posix()} is fresh")

    def _lines(self, differences: list[Difference]) -> None:
        for difference in differences:
            click.echo(f"{difference.state:<10}{(self.out / difference.path).as_posix()}")

    def _findings(self, differences: list[Difference]) -> None:
        report = Report()
        for difference in differences:
            path = (self.out / difference.path).as_posix()
            rule = _RULES[difference.state]
            report.add(rule if rule.fix else replace(rule, fix=self.mend), Span(path, 1, 1, 1, 1), path=path)
        write_findings(report.findings(), {}, self.form)

    def _unwritable(self, error: OSError) -> None:
        report = Report()
        path = Path(error.filename or self.out).as_posix()
        report.add(catalog.UNWRITABLE, Span(path, 1, 1, 1, 1), path=path, reason=error.strerror or str(error))
        write_findings(report.findings(), {}, self.form)

    def _tell(self, differences: list[Difference], wanted: dict[str, Wanted], seconds: float) -> None:
        edited = [difference for difference in differences if difference.state == "edited"]
        if self.form == "text":
            for difference in edited:
                click.echo(
                    f"edited    {(self.out / difference.path).as_posix()}   "
                    f"{'restored' if difference.path in wanted else 'removed'}"
                )
        written = sum(difference.path in wanted for difference in differences)
        removed = len(differences) - written
        self._say(
            f"{plural(written, 'file')} written, {removed} removed, {len(wanted) - written} unchanged ({seconds:.1f} s)"
        )

    def _say(self, text: str) -> None:
        if self.form == "text":
            click.echo(f"{self.out.as_posix()}: {text}")
        elif self.form == "json":
            click.echo(json.dumps({"findings": [], "summary": {"errors": 0, "warnings": 0}}, indent=2))
