"""Plan a migration: from the lock to today's schemas, as a folder of SQL for both databases and a new lock."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from codegen.evolve import ddl, lock, postgresql, sqlite
from codegen.evolve.change import changes
from codegen.evolve.judge import Judge, Verdict
from codegen.model.model import Program
from codegen.model.storage import tables
from codegen.runtime.values.columns import DIALECTS, Dialect
from codegen.source import catalog
from codegen.source.diagnostics import Report
from codegen.source.span import Span
from codegen.source.writing import replace_file

LOCK = "schema.lock.json"
MIGRATIONS = "migrations"
FORMAT = 1
EMPTY = Program(modules=())

_FOLDER = re.compile(r"(\d{4})_([a-z0-9_]+)")
_STATEMENTS = {"sqlite": sqlite.statements, "postgresql": postgresql.statements}
_HEADERS: Mapping[Dialect, str] = {
    "sqlite": "-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).\n",
    "postgresql": "-- Runs in one transaction.\n",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written. `files` are the migration's, by name; empty where no table changes."""

    steps: tuple[str, ...]
    files: Mapping[str, str]
    lock: str


def plan(old: Program, new: Program, report: Report) -> Plan:
    """The way from `old` to `new` and back. What is refused goes to `report`; then the plan is not to be used."""
    pairs = changes(tables(old), tables(new))
    forward = Judge(old, new, pairs, report).judge()
    text = lock.dump(new)
    if report.has_errors or not forward.steps:
        return Plan((), {}, text)
    back_pairs = tuple(pair.reversed() for pair in pairs)
    back = Judge(new, old, back_pairs, None).judge()
    files = {}
    for direction, verdict, way in (("up", forward, pairs), ("down", back, back_pairs)):
        for dialect in DIALECTS:
            files[f"{direction}.{dialect}.sql"] = _script(dialect, verdict, _STATEMENTS[dialect](way, verdict))
    rewrites = {
        direction: verdict.rewrites
        for direction, verdict in (("up", forward), ("down", back))
        if verdict.rewrites["columns"]
    }
    about = {
        "format": FORMAT,
        "from": shape_digest(old),
        "to": shape_digest(new),
        "lock": lock.digest(text),
        "steps": forward.steps,
        "back": back.steps,
        "guards": {
            direction: [{**guard.query, "message": guard.message} for guard in verdict.guards]
            for direction, verdict in (("up", forward), ("down", back))
            if verdict.guards
        },
        "patterns": {
            direction: [asdict(pattern) for pattern in verdict.patterns]
            for direction, verdict in (("up", forward), ("down", back))
            if verdict.patterns
        },
        **({"rewrites": rewrites} if rewrites else {}),
        "checksums": {
            **{name: lock.digest(content) for name, content in files.items()},
            **({"rewrites": lock.digest(json.dumps(rewrites))} if rewrites else {}),
        },
    }
    return Plan(tuple(forward.steps), {**files, "migration.json": _json(about)}, text)


def shape_digest(program: Program) -> str:
    """Of all tables, whatever the order in which they and their columns are declared, and however SQL spells them."""
    shape = [
        {
            "table": table.name,
            "append_only": table.append_only,
            "columns": sorted(
                [
                    column.name,
                    column.kind,
                    column.nullable,
                    column.references or "",
                    sorted(column.values) if column.kind == "enum_closed" else [],
                    *ddl.limits(column),
                ]
                for column in table.columns
            ),
            "indexes": sorted(index.name for index in table.indexes),
        }
        for table in sorted(tables(program), key=lambda table: table.name)
    ]
    return lock.digest(json.dumps(shape))


def _script(dialect: Dialect, verdict: Verdict, statements: list[str]) -> str:
    columns = ", ".join(f"{place['table']}.{place['column']}" for place in verdict.rewrites["columns"])
    warning = (
        "-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in\n"
        f"-- {columns} as `rewrites` in migration.json says.\n"
    )
    return f"{_HEADERS[dialect]}{warning if columns else ''}\n{ddl.script(statements)}"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# --- the directory of schemas -----------------------------------------------------------------------------------


def locked(schemas: Path, report: Report) -> Program:
    """The model of the lock; an empty one where there is none yet. A lock that cannot be read goes to `report`."""
    path = schemas / LOCK
    if not path.exists():
        return EMPTY
    try:
        return lock.load(path.read_text(encoding="utf-8"))
    except (lock.LockError, UnicodeDecodeError) as error:
        report.add(catalog.LOCK_UNREADABLE, _file(path), problem=str(error))
        return EMPTY


def is_current(schemas: Path, program: Program) -> bool:
    """Whether the lock is that of these schemas."""
    path = schemas / LOCK
    return path.exists() and path.read_bytes() == lock.dump(program).encode()


def write(schemas: Path, made: Plan, slug: str | None) -> Path | None:
    """Write the migration's folder and then the lock, each whole or not at all; the folder, or None where no table
    changes. Raises OSError."""
    folder = None
    if made.files:
        numbers = [int(match[1]) for match in map(_FOLDER.fullmatch, _names(schemas / MIGRATIONS)) if match]
        number = max(numbers, default=0) + 1
        folder = schemas / MIGRATIONS / f"{number:04d}_{slug or slug_of(made.steps, number)}"
        unfinished = folder.with_name(f".{folder.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name, text in made.files.items():
            (unfinished / name).write_bytes(text.encode())
        unfinished.rename(folder)
    replace_file(schemas / LOCK, made.lock.encode())
    return folder


def check_history(schemas: Path, old: Program, report: Report) -> None:
    """The newest migration must lead to the lock's tables; otherwise a plan would begin at the wrong place."""
    folders = sorted(name for name in _names(schemas / MIGRATIONS) if _FOLDER.fullmatch(name))
    path = schemas / MIGRATIONS / folders[-1] / "migration.json" if folders else None
    try:
        leads_to = json.loads(path.read_text(encoding="utf-8"))["to"] if path else shape_digest(EMPTY)
    except (OSError, ValueError, KeyError) as error:
        report.add(catalog.MIGRATIONS_BROKEN, _file(path or schemas), problem=f"{folders[-1]} cannot be read: {error}")
        return
    if leads_to != shape_digest(old):
        last = folders[-1] if folders else "no migration"
        report.add(
            catalog.MIGRATIONS_BROKEN,
            _file(schemas / LOCK),
            problem=(
                f"the lock and the migrations do not belong together ({last} leads to other tables); "
                "restore both from the same commit, or plan again with `oschema migrate rebase --onto REF`"
            ),
        )


def slug_of(steps: tuple[str, ...], number: int) -> str:
    """A name for a migration, from its first step."""
    if number == 1:
        return "initial"
    words = re.findall(r"[a-z0-9]+", steps[0].lower().split(",")[0].replace(" table", ""))
    return "_".join(words[:6])[:48].strip("_")


def seal(folder: Path) -> bool:
    """Accept edits of a migration's SQL or rewrites by new checksums. False where there was nothing to accept."""
    path = folder / "migration.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    sums = {
        name: lock.digest(
            json.dumps(about.get("rewrites", {})) if name == "rewrites" else (folder / name).read_text(encoding="utf-8")
        )
        for name in about["checksums"]
    }
    if sums == about["checksums"]:
        return False
    path.write_text(_json({**about, "checksums": sums}), encoding="utf-8", newline="\n")
    return True


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()] if directory.is_dir() else []


def _file(path: Path) -> Span:
    return Span(path.as_posix(), 1, 1, 1, 1)
