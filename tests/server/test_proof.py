"""The proof of a user's charges: checked by a program that needs nothing of the site, which notices every change."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import CheckpointRoot
from handlers.checkpoints.checkpoints import Checkpoints
from handlers.node.signing_key import SigningKey
from handlers.prices.books import PriceBooks
from handlers.proofs import verify_proof
from handlers.proofs.charges import CannotProve, Proofs, Signed
from handlers.proofs.verify_proof import Row, canonical
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from tests.server.changed_rows import changed_rows
from tests.server.node_repository import FILE, USED_AT, NodeRepository, line, make_key
from tests.server.usage_world import PRICES, UsageWorld

OWN = "usage/usage_2026-05-20-21.jsonl"
Rows = list[Row]


@dataclass
class Proved:
    """What was used, and the proofs of it."""

    world: UsageWorld
    user: str
    checkpoints: Checkpoints
    earlier: CheckpointRoot

    def rows(self, files: bool = False) -> Rows:
        database, clock = self.world.database, self.world.clock
        last = self.checkpoints.make() or self.checkpoints.last()
        assert last is not None
        nodes = Nodes(database, clock, self.world.log)
        proofs = Proofs(database, nodes, self.world.mirrors, PriceBooks(database, clock), PRICES)
        signed = Signed(self.checkpoints.ledger, last, self.checkpoints.key)
        return list(proofs.of(self.user, clock.now(), signed, files))


def proved(database: Database, folder: Path, mirrors: Mirrors) -> Proved:
    """A user with a discount, three commits, two of them in a file that other users' lines stand in: priced by cost,
    priced already, taken back, set aside and accepted; two lines of one commit are one posting."""
    world = UsageWorld(database, mirrors)
    user, other = world.user(5, paid_at=USED_AT - timedelta(days=8)), world.user(1)
    repository = NodeRepository(folder / "n1", make_key(folder))
    world.register(repository)
    repository.push(line(1, user, cost="0.000000333"), line(2, other), line(3, user, quantity="7.50", cost="0.10"))
    world.run()
    checkpoints = Checkpoints(database, world.clock, folder / "checkpoints")
    earlier = checkpoints.make()
    assert earlier is not None
    repository.push(line(4, user, amount_cents=7, cost=None), line(5, user, void="n1/5f0c/3", occurred_at=_at(3700)))
    repository.push(line(6, user, occurred_at=_at(3701)), path=OWN)
    repository.push(line(7, user, occurred_at="2026-01-01T00:00:00Z"), path=OWN)
    world.run()
    [old] = world.quarantine()
    world.service.quarantine_accept(world.operator, sid=old.sid, reason="late")
    return Proved(world, user, checkpoints, earlier)


def _at(seconds: int) -> str:
    return f"{USED_AT + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrors]:
    mirrors = Mirrors.below(tmp_path_factory.mktemp("mirrors"), at_once=1)
    yield mirrors
    mirrors.close()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, fetching: Mirrors) -> Iterator[Proved]:
    folder = tmp_path_factory.mktemp("proof")
    database = Database.open(f"sqlite:///{folder}/test.db")
    yield proved(database, folder, fetching)
    database.close()


@pytest.fixture
def rows(one: Proved) -> Rows:
    return one.rows()


def wrong(rows: Rows) -> list[str]:
    return list(verify_proof.Checker().check(rows))


def signed(rows: Rows, key: SigningKey) -> Rows:
    """Rows that the site itself signs, whatever they say."""
    rows = [row for row in rows if row["kind"] != "signature"]
    digest = hashlib.sha256(b"".join(canonical(row) + b"\n" for row in rows)).hexdigest().encode()
    signature = base64.b64encode(key.sign_bare(b"hero-onboarding proof 2\n" + digest)).decode()
    public = base64.b64encode(key.public_bytes).decode()
    return [*rows, {"kind": "signature", "public_key": public, "signature": signature}]


def of(rows: Rows, kind: str, place: int = 0) -> Row:
    return [row for row in rows if row["kind"] == kind][place]


def test_it_leads_from_the_line_to_the_signed_root(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    mirrors = Mirrors(tmp_path / "mirrors", fetching.fetchers)
    here = proved(database, tmp_path, mirrors)
    rows = here.rows()
    assert wrong(rows) == []
    lines = [row for row in rows if row["kind"] == "line"]
    first, second = (row["posting"] for row in lines[:2])
    assert first == second == f"usage:n1@{lines[0]['commit']}:{here.user}:llm:usage", "two lines are one posting"
    assert lines[-1]["posting"].startswith(f"usage:n1@{lines[-1]['commit']}:{OWN}:2:"), "of its own, when accepted"
    assert [row["path"] for row in rows if row["kind"] == "content"] == [OWN, OWN], "files of the user alone"
    checker = verify_proof.Checker()
    assert list(checker.check(here.rows(files=True))) == []
    assert (checker.lines, checker.traced) == (6, 6)
    balances = here.world.ledger.balances(here.user)
    assert {account.rpartition(":")[2]: amount for account, amount in checker.balances.items() if amount} == {
        part: amount for part, amount in balances.items() if amount
    }
    here.world.audit()
    mirrors.discard("n1")
    with pytest.raises(CannotProve, match="aggregate first"):
        here.rows()


def test_a_stranger_checks_it_with_the_standard_library_and_pynacl(rows: Rows, tmp_path: Path) -> None:
    file, alone = tmp_path / "proof.jsonl", tmp_path / "verify_proof.py"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    alone.write_text(Path(verify_proof.__file__).read_text())
    imported = set(re.findall(r"^(?:from|import) (\w+)", alone.read_text(), re.MULTILINE))
    assert imported - sys.stdlib_module_names == {"nacl"}
    said = subprocess.run([sys.executable, "-P", alone, file], capture_output=True, text=True, check=True).stdout
    assert re.match(r"6 lines of \w{26} in 4 signed commits cost 0\.05150018\d dollars, as the ledger", said), said
    assert "2 of these lines were found in the files of their commits" in said
    assert "signed with the key ssh-ed25519 " in said


def test_what_came_after_the_root_is_left_out(one: Proved) -> None:
    last = one.checkpoints.last()
    assert last is not None
    database, clock = one.world.database, one.world.clock
    nodes = Nodes(database, clock, one.world.log)
    proofs = Proofs(database, nodes, one.world.mirrors, PriceBooks(database, clock), PRICES)
    before = Signed(one.checkpoints.ledger, one.earlier, one.checkpoints.key)
    rows = list(proofs.of(one.user, clock.now(), before))
    assert wrong(rows) == []
    assert [row["line"] for row in rows if row["kind"] == "line"] == [1, 3]


def test_what_a_node_says_that_hours_cost_changes_nothing(
    database: Database, tmp_path: Path, fetching: Mirrors
) -> None:
    """`cost` is the provider's price of a call; hours have the book's, and a node that may not set prices sets none."""
    world = UsageWorld(database, Mirrors(tmp_path / "mirrors", fetching.fetchers))
    user, repository = world.user(5), NodeRepository(tmp_path / "n1", make_key(tmp_path))
    world.register(repository, sets_prices=False)
    given: dict[str, Any] = {"model": None, "cost": "4"}
    repository.push(
        line(1, user, resource_kind="hero_os_hour", quantity="0.5", **given),
        line(2, user, resource_kind="hero_os_hour", quantity="0.25", **given | {"cost": "0"}),
        line(3, user, resource_kind="vm_hour", quantity="1", **given),
    )
    assert world.run().records_consumed == 3
    assert [int(each.charge) for each in world.records()] == [55_000_000, 27_500_000, 0]
    checkpoints = Checkpoints(database, world.clock, tmp_path / "checkpoints")
    earlier = checkpoints.make()
    assert earlier is not None and wrong(Proved(world, user, checkpoints, earlier).rows()) == []
    world.audit()


def test_another_format_is_refused_by_name(rows: Rows) -> None:
    for version, word in ((1, "before proofs led to the ledger"), (3, "take the program of its time")):
        [said] = wrong([{**rows[0], "format": version}, *rows[1:]])
        assert f"this proof has format {version}, and this program checks format 2" in said and word in said


# --- what the site itself might say ---------------------------------------------------------------------------------


def _data(row: Row, **changes: Any) -> None:
    """A line that says something else, with a SHA-256 that fits."""
    data = json.dumps({**json.loads(row["data"]), **changes}, sort_keys=True, separators=(",", ":"))
    row.update(data=data, sha256=hashlib.sha256(data.encode()).hexdigest())


def _dearer(rows: Rows) -> None:
    """Another version of a price, and the charge that follows from it."""
    row = of(rows, "line")
    price = next(each for each in rows if each.get("price_sid") == row["price_sid"])
    price["margin_bp"], row["margin_bp"] = 5000, 5000
    row.update(list_charge="500", charge="250", rest="-0.25")
    of(rows, "total")["charge"] = str(int(of(rows, "total")["charge"]) + 67)


def _later_book(rows: Rows) -> None:
    """A newer price that the site did not charge."""
    price = next(each for each in rows if each.get("price_sid") == of(rows, "line")["price_sid"])
    rows.insert(rows.index(price), {**price, "price_sid": "other", "effective_from": "2026-05-20T00:00:00Z"})


def _without(kind: str, place: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        gone = of(rows, kind, place)
        rows.remove(gone)
        total = of(rows, "total")
        if kind == "line":
            total.update(lines=total["lines"] - 1, charge=str(int(total["charge"]) - int(gone["charge"])))
        else:
            total["entries"] -= 1

    return change


def _set(kind: str, place: int = 0, **values: object) -> Callable[[Rows], None]:
    return lambda rows: of(rows, kind, place).update(values)


def _twice(rows: Rows) -> None:
    again = of(rows, "line")
    rows.insert(rows.index(again), dict(again))
    total = of(rows, "total")
    total.update(lines=total["lines"] + 1, charge=str(int(total["charge"]) + int(again["charge"])))


def _of_another_commit(rows: Rows) -> None:
    row, other = of(rows, "line"), of(rows, "commit", 1)["commit"]
    rows.remove(row)
    rows.insert(rows.index(of(rows, "commit", 1)) + 1, row)
    row.update(commit=other, posting=row["posting"].replace(row["commit"], other))


def _full_price(rows: Rows) -> None:
    row = of(rows, "line")
    row.update(tier="none", charge="366", rest="0.3")
    of(rows, "total")["charge"] = str(int(of(rows, "total")["charge"]) + 183)


FORGED: dict[str, tuple[Callable[[Rows], object], str]] = {
    "charge": (_set("line", charge="184"), "is said to cost 184"),
    "list price": (_set("line", list_charge="365"), "before the discount"),
    "margin": (_set("line", margin_bp=0), "another category or margin"),
    "rest": (_set("line", rest="0"), "before the discount"),
    "SHA-256": (_set("line", sha256="0" * 64), "another SHA-256"),
    "line of another user": (lambda rows: _data(of(rows, "line"), user_sid="x"), "is of another user"),
    "proof of another user": (_set("proof", user_sid="01JD4ZK7Q1M80000000000000X"), "is of another user"),
    "line of another commit": (_of_another_commit, "its lines come to"),
    "line of no commit": (_set("line", commit="f" * 40), "a commit that is not there"),
    "another posting": (_set("line", posting="usage:n1@f:x"), "linked to a posting of something else"),
    "no posting": (_set("line", posting=None), "said to be posted nowhere"),
    "version of the price": (_dearer, "its lines come to"),
    "a newer price": (_later_book, "another price than the one in force"),
    "tier": (_full_price, "another tier than follows"),
    "another line of the file": (lambda rows: _data(of(rows, "line", 4), quantity="999"), "does not stand so in"),
    "another file": (lambda rows: of(rows, "content").update(blob="AAAA"), "is not what stands in"),
    "another tree": (lambda rows: of(rows, "content")["trees"].__setitem__(1, "AAAA"), "is not what stands in"),
    "bytes of a commit": (_set("commit", raw="AAAA"), "the bytes are not those of"),
    "key that is not valid yet": (_set("key", valid_from="2027-01-01T00:00:00Z"), "signed with no key of n1"),
    "key that is over": (_set("key", valid_until="2026-05-20T00:00:00Z"), "signed with no key of n1"),
    "no key": (lambda rows: rows.remove(of(rows, "key")), "signed with no key of n1"),
    "no commit": (lambda rows: rows.remove(of(rows, "commit")), "a commit that is not there"),
    "a line twice": (_twice, "was charged before"),
    "a proof within the proof": (lambda rows: rows.insert(4, rows[0]), "a proof has one head"),
    "a total before the end": (lambda rows: rows.insert(4, of(rows, "total")), "there is a total already"),
    "a second root": (lambda rows: rows.insert(2, rows[1]), "there is a checkpoint already"),
    "a line less": (_without("line", 1), "its lines come to"),
    "an entry less": (_without("entry", 1), "does not follow from the entry"),
    "all lines less": (lambda rows: [_without("line", 0)(rows) for _ in range(6)], "its lines come to 0"),
    "amount of an entry": (lambda rows: of(rows, "entry", 1)["entry"].update(amount="9"), "not below the root"),
    "kind of a transaction": (lambda rows: of(rows, "entry", 1)["transaction"].update(kind="plan"), "of another trans"),
    "root": (_set("checkpoint", root="0" * 64), "the signature of the checkpoint"),
    "total": (_set("total", charge="1"), "the total is said to be"),
    "no total": (lambda rows: rows.remove(of(rows, "total")), "the end is missing"),
}


@pytest.mark.parametrize("name", FORGED)
def test_the_site_cannot_forge_it(one: Proved, rows: Rows, name: str) -> None:
    change, says = FORGED[name]
    changed: Rows = json.loads(json.dumps(rows))
    change(changed)
    found = wrong(signed(changed, one.checkpoints.key))
    assert any(says in each for each in found), found
    assert not any("the site did not sign" in each for each in found)
    assert wrong(changed), "nor can somebody else"


def test_a_root_of_another_day(one: Proved, rows: Rows) -> None:
    earlier = one.earlier.model_dump(mode="json")
    changed: Rows = json.loads(json.dumps(rows))
    of(changed, "checkpoint").update({name: earlier[name] for name in (*verify_proof.SIGNED, "signature")})
    found = wrong(signed(changed, one.checkpoints.key))
    assert any("is not below the root" in each or "there is no such leaf" in each for each in found), found


def test_the_signature_of_a_commit_is_checked(one: Proved, rows: Rows) -> None:
    """Another commit, whose name fits its bytes, under the signature of this one."""
    changed: Rows = json.loads(json.dumps(rows))
    commit = of(changed, "commit")
    raw = base64.b64decode(commit["raw"]).replace(b"\n\nusage", b"\n\nUsage")
    name = hashlib.sha1(b"commit %d\0" % len(raw) + raw).hexdigest()
    commit.update(raw=base64.b64encode(raw).decode(), commit=name)
    found = wrong(signed(changed, one.checkpoints.key))
    assert any(f"the signature of {name} does not fit it" in each for each in found), found


def test_another_key_of_the_site(rows: Rows, tmp_path: Path) -> None:
    other = SigningKey.make(tmp_path / "key", "other")
    assert any("another key than its checkpoint" in each for each in wrong(signed(rows, other)))


# --- what becomes of a file on its way ------------------------------------------------------------------------------


def test_each_field_counts(rows: Rows) -> None:
    """Each value of each row is changed, and each is left out: that is told, whatever it is."""
    count = 0
    for what, changed in changed_rows(rows):
        assert wrong(changed), what
        count += 1
    assert count > 1000


def test_each_row_counts(rows: Rows) -> None:
    for number in range(len(rows)):
        assert wrong(rows[:number] + rows[number + 1 :]), f"without {number}"
        assert wrong([*rows[: number + 1], *rows[number:]]), f"{number} twice"
        if number + 1 < len(rows):
            assert wrong([*rows[:number], rows[number + 1], rows[number], *rows[number + 2 :]]), f"{number} later"


def test_a_line_that_was_left_out_keeps_nobody_from_a_proof(
    database: Database, tmp_path: Path, fetching: Mirrors
) -> None:
    """Whatever a node wrote there: the file is not shown as one of the user's lines alone."""
    world = UsageWorld(database, Mirrors(tmp_path / "mirrors", fetching.fetchers))
    user, repository = world.user(1), NodeRepository(tmp_path / "n1", make_key(tmp_path))
    world.register(repository)
    repository.append(line(1, user))
    with (repository.folder / FILE).open("ab") as file:
        file.write(b"[" * 9000 + b"\n")
    repository.commit()
    world.run()
    world.skip(line=2, path=FILE)
    world.run()
    checkpoints = Checkpoints(database, world.clock, tmp_path / "checkpoints")
    earlier = checkpoints.make()
    assert earlier is not None
    found = Proved(world, user, checkpoints, earlier).rows()
    assert wrong(found) == []
    assert [row["kind"] for row in found if row["kind"] in ("line", "content")] == ["line"]
    world.audit()


def test_bytes_that_are_changed_mean_the_same_or_are_refused(rows: Rows, tmp_path: Path) -> None:
    file = tmp_path / "proof.jsonl"
    whole = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    for place in range(0, len(whole), 23):
        for bit in (1, 32):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                found = verify_proof.verify(str(file))[1]
            except ValueError:
                continue
            if not found:
                assert [json.loads(each) for each in file.read_bytes().splitlines()] == rows, place
