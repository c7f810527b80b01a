"""A schema of a few lines, generated into a package of its own and called in this process."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.runtime.context import ADMIN, Context
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.dispatch import Dispatcher
from codegen.runtime.rpc.method import Method
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report

KINDS = ("schema", "models", "tables", "errors", "services", "routes", "openrpc", "clients")
NOW = datetime(2026, 5, 20, 22, 3, 14, 5, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOW


class Observer:
    """Sees nothing, and lets faults through."""

    def called(self, method: Method | None, context: Context, code: int, seconds: float) -> None: ...
    def audited(self, method: Method, context: Context, params: Any, code: int) -> None: ...
    def failed(self, method: Method, context: Context, reference: str, error: BaseException) -> None:
        raise error

    def hindered(self, method: Method, context: Context, error: Any) -> None: ...


@dataclass(frozen=True)
class SmallProgram:
    """`folder` holds the package `name`, which can be imported."""

    folder: Path
    name: str

    def module(self, path: str) -> ModuleType:
        """A generated module: `models.shop`."""
        return importlib.import_module(f"{self.name}.{path}")

    def text(self, path: str) -> str:
        return (self.folder / self.name / path).read_text(encoding="utf-8")

    def document(self, path: str) -> Any:
        return json.loads(self.text(path))

    def served(self, database: Database, handlers: Iterable[object] = ()) -> Served:
        """Its CRUD and the methods of these handlers, over an empty database in which its tables are made."""
        methods, _ = bind(handlers, self.module("routes").SERVICES, validate_results=True)
        if (tables := self.folder / self.name / "tables").exists():
            database.execute_script((tables / f"{database.dialect}.sql").read_text(encoding="utf-8"))
            methods += crud.methods(self.module("tables").STORED, database)
        return Served(Dispatcher(methods, database, Clock(), Observer()))


@dataclass(frozen=True)
class Served:
    dispatcher: Dispatcher

    def call(self, method: str, params: Any) -> Any:
        """The result, or the error object."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = json.loads(self.dispatcher.dispatch(body, ADMIN).body or b"")
        return answer["result"] if "result" in answer else answer["error"]


@contextmanager
def small_program(folder: Path, name: str, schema: str, kinds: Iterable[str] = KINDS) -> Iterator[SmallProgram]:
    """Generate `schema` (of the module `name`) as the package `{name}_generated` in `folder`."""
    (folder / "schemas").mkdir()
    (folder / "schemas" / f"{name}.oschema").write_text(schema, encoding="utf-8")
    report = Report()
    program = load_program(folder / "schemas", report)
    assert program is not None, [finding.message for finding in report.findings()]
    package = f"{name}_generated"
    for path, want in emit_kinds(program, [*kinds]).items():
        (folder / package / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / package / path).write_bytes(want.data)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield SmallProgram(folder, package)
    finally:
        sys.path.remove(str(folder))
