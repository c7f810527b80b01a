"""The proof of a user's charges: checked by a program that needs nothing of the site, which notices every change."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from handlers.prices.books import PriceBooks
from handlers.usage import verify_proof
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.proof import CannotProve, Proofs
from tests.server.node_repository import USED_AT, NodeRepository, line, make_key
from tests.server.usage_world import PRICES, UsageWorld


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The proof of a user with a discount, of two commits: priced by cost, priced already, taken back."""
    folder = tmp_path_factory.mktemp("proof")
    database = Database.open(f"sqlite:///{folder}/test.db")
    mirrors = Mirrors.below(folder / "mirrors", at_once=1)
    world = UsageWorld(database, mirrors)
    user, other = world.user(5, paid_at=USED_AT - timedelta(days=8)), world.user(1)
    repository = NodeRepository(folder / "n1", make_key(folder))
    world.register(repository)
    repository.push(line(1, user, cost="0.000000333"), line(2, other), line(3, user, quantity="7.50", cost="0.10"))
    repository.push(line(4, user, amount_cents=7, cost=None), line(5, user, void="n1/5f0c/3"))
    world.run()
    nodes = Nodes(database, world.clock, world.log)
    proofs = Proofs(database, nodes, mirrors, PriceBooks(database, world.clock), PRICES)
    yield list(proofs.of(user, world.clock.now()))
    mirrors.discard("n1")
    with pytest.raises(CannotProve, match="aggregate first"):
        list(proofs.of(user, world.clock.now()))
    mirrors.close()
    database.close()


def wrong(rows: list[dict[str, Any]]) -> list[str]:
    return list(verify_proof.Checker().check(rows))


def test_a_stranger_checks_it_with_the_standard_library_and_pynacl(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    assert [row["kind"] for row in rows] == [
        "proof",
        "key",
        "commit",
        "line",
        "line",
        "commit",
        "line",
        "line",
        "total",
    ]
    assert wrong(rows) == []
    file = tmp_path / "proof.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    alone = tmp_path / "verify_proof.py"
    alone.write_text(Path(verify_proof.__file__).read_text())
    imported = set(re.findall(r"^(?:from|import) (\w+)", alone.read_text(), re.MULTILINE))
    assert imported - sys.stdlib_module_names == {"nacl"}
    said = subprocess.run([sys.executable, "-P", alone, file], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"4 lines of \w{26} in 2 signed commits cost 0\.035000183 dollars\n", said), said


def _set(kind: str, **values: object) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["kind"] == kind).update(values)

    return change


CHANGES: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "charge": (_set("line", charge="184"), "is said to cost 184"),
    "list price": (_set("line", list_charge="365"), "before the discount"),
    "tier": (_set("line", tier="month"), "before the discount"),
    "margin": (_set("line", margin_bp=0), "before the discount"),
    "rest": (_set("line", rest="0"), "before the discount"),
    "line": (_set("line", sha256="0" * 64), "another SHA-256"),
    "user": (_set("proof", user_sid="01JD4ZK7Q1M80000000000000X"), "another user"),
    "total": (_set("total", charge="1"), "the total is said to be"),
    "commit": (_set("commit", raw="AAAA"), "the bytes are not those of"),
    "key that is not valid yet": (_set("key", valid_from="2027-01-01T00:00:00Z"), "signed with no key of n1"),
    "key that is over": (_set("key", valid_until="2026-05-20T00:00:00Z"), "signed with no key of n1"),
    "no key": (lambda rows: rows.pop(1), "signed with no key of n1"),
    "no commit": (lambda rows: rows.pop(2), "a commit that is not there"),
    "a line twice": (lambda rows: rows.insert(4, rows[3]), "was charged before"),
    "a proof within the proof": (lambda rows: rows.insert(4, rows[0]), "a proof within a proof"),
    "a total before the end": (lambda rows: rows.insert(4, rows[-1]), "there is a total already"),
    "a line less": (lambda rows: rows.pop(6), "the total is said to be"),
    "no end": (lambda rows: rows.pop(), "no total"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_noticed(rows: list[dict[str, Any]], name: str) -> None:
    change, says = CHANGES[name]
    changed: list[dict[str, Any]] = json.loads(json.dumps(rows))
    change(changed)
    assert any(says in each for each in wrong(changed)), wrong(changed)


def test_the_signature_is_checked(rows: list[dict[str, Any]]) -> None:
    """Another commit, whose name fits its bytes, under the signature of this one."""
    changed: list[dict[str, Any]] = json.loads(json.dumps(rows))
    raw = base64.b64decode(changed[2]["raw"]).replace(b"usage", b"Usage")
    name = hashlib.sha1(b"commit %d\0" % len(raw) + raw).hexdigest()
    changed[2].update(raw=base64.b64encode(raw).decode(), commit=name)
    assert any(f"the signature of {name} does not fit it" in each for each in wrong(changed))
