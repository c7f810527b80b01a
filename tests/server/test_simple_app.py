"""`create_simple_app`: a new project served by a page of code; what is missing is told with its place."""

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from falcon.testing import TestClient

from codegen.cli import main
from codegen.runtime.context import Caller
from codegen.runtime.http.app import App
from codegen.runtime.http.simple import create_simple_app
from codegen.runtime.rpc.wiring import WiringError
from codegen.runtime.storage.migrations import MigrationError

HANDLERS = """
from codegen.runtime.context import Context
from codegen.runtime.storage.store import Store
from simple_api.models.tasks import Task
from simple_api.services.tasks import TaskService
from simple_api.tables.tasks import TASK

class Part(TaskService):
    def finish(self, context: Context, *, sid: str) -> Task:
        return Store.of(TASK, context.database).patch(sid, {"state": "done"})

class Whole(Part):
    def count_open(self, context: Context) -> int:
        return len(Store.of(TASK, context.database).find({"state": "open"})["items"])
"""
ADMIN = {"X-Admin-Secret": "s3cret"}
ADA = {"Authorization": "Bearer ada"}
BEARERS = {"ada": Caller("user", "user0ada")}


def oschema(*arguments: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output


@pytest.fixture
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The handlers of a project that was begun with `oschema new`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    oschema("new", "tasks")
    oschema("generate", "--out", "simple_api")
    (tmp_path / "simple_handlers.py").write_text(textwrap.dedent(HANDLERS))
    yield importlib.import_module("simple_handlers")
    for name in [name for name in sys.modules if name.startswith("simple_")]:
        del sys.modules[name]


def create(*handlers: object) -> App:
    return create_simple_app(
        "simple_api", handlers, database="sqlite:///simple.db", admin_secret="s3cret", bearer=BEARERS.get
    )


def caller(app: App) -> Callable[..., Any]:
    client = TestClient(app)

    def call(method: str, params: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = client.simulate_post("/rpc", json=body, headers=ADMIN if headers is None else headers).json
        return answer["result"] if "result" in answer else answer["error"]["code"]

    return call


@pytest.mark.parametrize("made", [True, False], ids=["object", "class"])
def test_all_that_the_schemas_declare_is_served(handlers: ModuleType, made: bool) -> None:
    oschema("migrate", "plan", "--slug", "initial")
    app = create(handlers.Whole() if made else handlers.Whole)
    call = caller(app)
    call("user.new", {"data": {"sid": "user0ada", "name": "Ada"}})
    task = call("task.new", {"data": {"owner_sid": "user0ada", "title": "Read"}}, ADA)
    assert call("task.count_open", {}, ADA) == 1
    assert call("task.finish", {"sid": task["sid"]}, ADA)["state"] == "done"
    assert call("task.count_open", {}, ADA) == 0
    assert call("user.list", {}, {}) == call("user.list", {}, {"X-Admin-Secret": "guess"}) == 1401
    assert TestClient(app).simulate_get("/reference/").status_code == 200
    assert caller(create(handlers.Whole))("user.get", {"sid": "user0ada"})["name"] == "Ada", "kept over a restart"


def test_a_class_that_lacks_a_method_is_told_with_the_place_of_the_method(handlers: ModuleType) -> None:
    with pytest.raises(WiringError) as wrong:
        create(handlers.Part)
    assert wrong.value.problems == (
        "tasks/tasks.oschema:41: TaskService.count_open is missing in simple_handlers.Part",
    )


def test_a_service_without_a_handler_is_told_method_by_method(handlers: ModuleType) -> None:
    with pytest.raises(WiringError) as wrong:
        create()
    assert wrong.value.problems == (
        "tasks/tasks.oschema:39: TaskService.finish has no handler",
        "tasks/tasks.oschema:41: TaskService.count_open has no handler",
    )


def test_a_schema_without_its_migration_is_told(handlers: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"the table of User is not what its schema says.*oschema migrate plan"):
        create(handlers.Whole)
    oschema("migrate", "plan", "--slug", "initial")
    create(handlers.Whole)
    schema = tmp_path / "schemas/tasks/tasks.oschema"
    schema.write_text(schema.read_text().replace("    note?: str", "    mood?: str\n    note?: str"))
    oschema("generate", "--out", "simple_api")
    for name in [name for name in sys.modules if name.startswith("simple_")]:
        del sys.modules[name]
    again = importlib.import_module("simple_handlers")
    with pytest.raises(MigrationError, match="the table of Task is not what its schema says: no such column"):
        create(again.Whole)
    oschema("migrate", "plan", "--slug", "mood")
    user = caller(create(again.Whole))("user.new", {"data": {"name": "Ada"}})
    assert user["name"] == "Ada"
