"""The example projects of `docs/examples`, as their users run them: generated, migrated, served, called by clients."""

import asyncio
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from codegen.runtime.client.client import RpcError, TransportError
from codegen.runtime.errors import Conflict
from codegen.runtime.values.types import Money
from tests.npm import NODE, compile_types
from tests.programs import free_port, program
from tests.strict_types import strict_types

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"


@dataclass
class Example:
    """A copy of one example, generated, migrated and serving."""

    folder: Path
    package: str
    url: str
    log: Path

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.package}.{name}")


def run(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(folder), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", **more}


def start(name: str, folder: Path) -> Iterator[Example]:
    shutil.copytree(EXAMPLES / name, folder, dirs_exist_ok=True)
    package = f"{name}_api"
    run(folder, "-m", "codegen", "generate", "--schemas", "schemas", "--out", package)
    run(folder, "-m", "codegen", "migrate", "plan", "--slug", "initial")
    run(folder, "-m", "codegen", "migrate", "apply", "--database", f"sqlite:///{name}.db")
    port, log = free_port(), folder / "server.log"
    url = f"http://127.0.0.1:{port}"
    settings = environment(folder, **{f"{name.upper()}_PORT": str(port)})
    sys.path.insert(0, str(folder))
    try:
        with program([sys.executable, "app.py"], ready=f"{url}/healthz", log=log, environment=settings, cwd=folder):
            yield Example(folder, package, f"{url}/rpc", log)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    for example in start("library", tmp_path_factory.mktemp("library")):
        with example.module("clients.python").Client(example.url, token="librarians-token") as librarian:
            librarian.reader.new({"sid": "reader00ada", "name": "Ada"})
            librarian.reader.new({"sid": "reader00ben", "name": "Ben"})
        yield example


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    yield from start("weather", tmp_path_factory.mktemp("weather"))


# --- Python ---------------------------------------------------------------------------------------------------------


def test_a_reader_borrows_a_book(library: Example) -> None:
    clients: Any = library.module("clients.python")
    errors: Any = library.module("errors.library")
    models: Any = library.module("models.library")
    with clients.Client(library.url, token="librarians-token") as librarian:
        book = librarian.book.new(
            {"title": "Dune", "isbn": "9780441013593", "genre": "fiction", "price": Money.parse("9.99")}
        )
        assert isinstance(book, models.Book)
        assert book.price == Money.from_cents(999)
        assert librarian.loans.count("fiction") == 1
    with clients.Client(library.url, token="adas-token") as ada, clients.Client(library.url, token="bens-token") as ben:
        loan = ada.loans.borrow(book.sid)
        assert loan.reader == "reader00ada"
        with pytest.raises(errors.BookLent) as lent:
            ben.loans.borrow(book.sid)
        assert (lent.value.code, str(lent.value), lent.value.until) == (1001, "the book is lent", None)
        assert [mine.sid for mine in ada.loan.list_full().items] == [loan.sid]
        assert ben.loan.list_full().items == []
        with pytest.raises(Exception, match="no such") as missing:
            ben.loans.give_back(loan.sid)
        assert type(missing.value).__name__ == "NotFound"
        assert ada.loans.give_back(loan.sid).returned_at is not None
        assert ben.loans.borrow(book.sid).reader == "reader00ben"
        with pytest.raises(RpcError) as wrong:
            ada.reader.patch("reader00ada", {"name": ""})
        assert [error["path"] for error in wrong.value.errors] == ["data.name"]


def test_the_same_for_asyncio(weather: Example) -> None:
    async def talk() -> None:
        clients: Any = weather.module("clients.python")
        errors: Any = weather.module("errors.stations")
        client = clients.AsyncClient(weather.url)
        async with client:
            uccle = {"latitude": Decimal("50.8"), "longitude": Decimal("4.36")}
            station = await client.station.new({"name": "Uccle", "installed": date(1886, 5, 1), "position": uccle})
            at = datetime(2026, 1, 5, 12, tzinfo=UTC)
            reading = await client.weather_v2.report(station.sid, "pressure", Decimal("961.5"), at)
            again = await client.weather_v2.report(station.sid, "pressure", Decimal("961.5"), at)
            assert reading == again
            sent = {"station": station.sid, "quantity": "humidity", "value": Decimal(40), "taken_at": at, "key": "k1"}
            assert await client.weather_v2.report(**sent) == await client.weather_v2.report(**sent)
            with pytest.raises(Conflict):
                await client.weather_v2.report(**{**sent, "value": Decimal(41)})
            storm = await client.weather_v2.now(station.sid)
            assert (storm.type, storm.gust, storm.warned) == ("storm", Decimal("18.5"), True)
            with pytest.raises(errors.SensorBroken) as broken:
                await client.weather_v2.report(station.sid, "temperature", Decimal(-300), at)
            assert broken.value.quantity == "temperature"
            found = await client.reading.find({"station": station.sid})
            assert found.items[0] == reading
            assert len(found.items) == 2
            assert found.next_cursor is None

    asyncio.run(talk())


def test_only_what_may_be_repeated_is_repeated(weather: Example) -> None:
    clients: Any = weather.module("clients.python")
    seen: list[dict[str, Any]] = []

    def busy(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return (
            httpx.Response(503, text="busy")
            if len(seen) < 3
            else httpx.Response(
                200, json={"jsonrpc": "2.0", "id": 1, "result": {"type": "calm", "since": "2026-01-01T00:00:00Z"}}
            )
        )

    def client() -> Any:
        seen.clear()
        return clients.Client("http://weather.example/rpc", http=httpx.Client(transport=httpx.MockTransport(busy)))

    assert client().weather_v2.now("abcd").type == "calm"
    assert len(seen) == 3
    with pytest.raises(ValidationError):  # the answer is of another type; what counts is what was sent
        client().weather_v2.report("abcd", "pressure", Decimal(1), datetime(2026, 1, 1, tzinfo=UTC))
    assert len(seen) == 3
    assert len({call["params"]["key"] for call in seen}) == 1
    with pytest.raises(TransportError, match="503"):
        client().station.delete("abcd")
    assert len(seen) == 1


# --- TypeScript -----------------------------------------------------------------------------------------------------

SCRIPT = """
import { Client, BookLent, Busy, Genre, RpcError } from "./client.js";
const ada = new Client(process.argv[2], { token: "adas-token" });
const librarian = new Client(process.argv[2], { token: "librarians-token" });
const data = { title: "Emma", isbn: "9780141439587", genre: Genre.fiction, price: "5.00" };
const book = await librarian.book.new({ data });
const first = await ada.book.find({ filter: { isbn: "9780141439587" } });
const results = [first.items[0].title, Number(await librarian.loans.count({ genre: "poetry" }))];
await ada.loans.borrow({ book_sid: book.sid });
try { await ada.loans.borrow({ book_sid: book.sid }); } catch (error) {
  results.push(error instanceof BookLent, error instanceof RpcError, error.code, BookLent.slug, error.message);
}
try { await ada.book.new({ data: { title: "", isbn: "x", genre: "fiction", price: "1" } }); } catch (error) {
  results.push(error.errors.map((wrong) => wrong.path).sort());
}
const busy = { code: 1453, message: "busy", data: { error: "busy", retry_after: 0 } };
let calls = 0;
const fetch = async () => Response.json({ id: 1, ...(++calls < 3 ? { error: busy } : { result: 7 }) });
const patient = new Client("http://x", { fetch });
results.push(Number(await patient.loans.count({ genre: "poetry" })), calls);
calls = 0;
try { await patient.loans.borrow({ book_sid: book.sid }); } catch (error) {
  results.push(error instanceof Busy, error.data.retry_after, calls);
}
for (const retry_after of [undefined, "soon"]) {
  const error = { code: 1453, message: "", data: { error: "busy", retry_after } };
  const odd = async () => Response.json({ id: 1, error });
  try { await new Client("http://x", { fetch: odd, retries: 0 }).loans.count({ genre: "poetry" }); } catch (error) {
    results.push(error instanceof RpcError && !(error instanceof Busy));
  }
}
console.log(JSON.stringify(results));
"""
WRONG = """
import { Client } from "./client.js";
const client = new Client();
const pages: Promise<number> = client.book.get({ sid: "abcd" });
await client.loans.borrow({ book: "abcd" });
client.loan.delete({ sid: "abcd" });
"""


@pytest.mark.parametrize("name", ["library", "weather"])
def test_the_typescript_client_is_strictly_typed(name: str, request: pytest.FixtureRequest) -> None:
    example: Example = request.getfixturevalue(name)
    check_types(example.folder / f"{name}_api/clients/typescript/client.ts")


def check_types(*files: Path) -> None:
    done = compile_types(*files)
    assert done.returncode == 0, done.stdout


def test_the_products_typescript_client_is_strictly_typed() -> None:
    check_types(ROOT / "generated/clients/typescript/client.ts")


def test_wrong_calls_are_type_errors(library: Example) -> None:
    source = library.folder / "library_api/clients/typescript/wrong.ts"
    source.write_text(WRONG)
    done = compile_types(source)
    lines = {line.split("(")[1].split(",")[0] for line in done.stdout.splitlines() if "error TS" in line}
    assert lines == {"4", "5", "6"}, done.stdout


def test_the_script_calls_the_server(library: Example) -> None:
    folder = library.folder / "library_api/clients/typescript"
    (folder / "script.js").write_text(SCRIPT)
    done = subprocess.run([NODE, "script.js", library.url], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "Emma",
        0,
        True,
        True,
        1001,
        "book_lent",
        "the book is lent",
        ["data.isbn", "data.title"],
        7,
        3,
        True,
        0,
        1,
        True,
        True,
    ]


# --- the examples themselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["library", "weather"])
def test_the_examples_are_strictly_typed(name: str, request: pytest.FixtureRequest) -> None:
    example: Example = request.getfixturevalue(name)
    done = strict_types(example.folder, "app.py", example.package)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_run_has_nothing_to_do(weather: Example) -> None:
    run(weather.folder, "-m", "codegen", "generate", "--schemas", "schemas", "--out", weather.package, "--check")
    run(weather.folder, "-m", "codegen", "migrate", "plan", "--check")
