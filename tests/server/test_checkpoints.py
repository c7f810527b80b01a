"""Checkpoints of a real ledger: what is signed, what it costs, and that whatever is changed behind them is found."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import CHECKPOINT_ROOT, LEDGER_ENTRY, LEDGER_SUBTREE
from handlers.audit import findings, u64
from handlers.checkpoints import audit as audits
from handlers.checkpoints import merkle
from handlers.checkpoints.checkpoints import Checkpoints, LedgerChanged
from handlers.checkpoints.growth import NotGrown, growth, read_kept
from handlers.checkpoints.inclusion import NotBelow, inclusion
from handlers.checkpoints.ledger_tree import LedgerTree
from handlers.checkpoints.merkle import leaf_hash, root_of
from handlers.checkpoints.publishing import publish
from handlers.checkpoints.signature import holds
from handlers.cli import main
from handlers.node.errors import NodeError
from handlers.node.signing_key import SigningKey
from handlers.proofs import verify_proof
from tests.git_repository import GitRepository
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.changed_rows import changed_rows
from tests.server.forger import Forger
from tests.server.racing import DONE, ROUNDS, in_threads

DOLLAR = 10**9
DAY = timedelta(days=1)


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Subtrees of 4, 16, 64 … entries, so that a short ledger fills some of several heights."""
    monkeypatch.setattr(merkle, "WIDTH", 4)


class Kept:
    """A ledger with checkpoints."""

    def __init__(self, database: Database, folder: Path) -> None:
        create_tables(database)
        self.database, self.folder = database, folder
        self.book = Book(database)
        self.user, self.paid = self.book.user(), 0
        self.checkpoints = Checkpoints(database, self.book.clock, folder)

    def post(self, times: int) -> None:
        """So many postings of two entries."""
        for _ in range(times):
            self.paid += 1
            self.book.top_up(self.user, f"p{self.paid}", 5 * DOLLAR)

    def entries(self) -> list[bytes]:
        rows = self.database.execute("SELECT hash FROM ledger_entry ORDER BY position")
        return [bytes.fromhex(row[0]) for row in rows]

    def wrong(self) -> list[str]:
        return [each.detail for each in findings(self.database, (audits.SUBTREES, audits.ROOTS))]


@pytest.fixture
def kept(database: Database, tmp_path: Path) -> Iterator[Kept]:
    yield Kept(database, tmp_path / "checkpoints")
    assert audit(database) == []


def test_a_root_each_day_over_all_entries(kept: Kept) -> None:
    checkpoints, clock = kept.checkpoints, kept.book.clock
    assert checkpoints.make() is None and checkpoints.run_once() == 0, "nothing was posted"
    kept.post(11)
    assert checkpoints.run_once() == len(kept.entries()) > 16
    assert checkpoints.run_once() == 0, "once a day"
    first = checkpoints.last()
    assert first is not None and (first.first_position, first.previous_root) == (1, None)
    assert first.day == clock.now().date()
    assert first.root == root_of([leaf_hash(each) for each in kept.entries()]).hex()
    assert checkpoints.make() is None, "today's has it all"
    kept.post(1)
    now = checkpoints.make()
    assert now is not None and now.day == first.day, "but one may be made at any time"
    assert (now.first_position, now.previous_root) == (first.last_position + 1, first.root)
    clock.time += DAY
    assert checkpoints.run_once() == 1, "a day on which nothing was posted is signed, too"
    quiet = checkpoints.last()
    assert quiet is not None and (quiet.root, quiet.last_position) == (now.root, now.last_position)
    assert quiet.first_position == quiet.last_position + 1
    clock.time -= 2 * DAY
    kept.post(1)
    set_back = checkpoints.make()
    assert set_back is not None and set_back.day == quiet.day, "a clock that was set back leaves the order as it is"
    assert checkpoints.last() == set_back
    store = Store.of(CHECKPOINT_ROOT, kept.database)
    rows = kept.database.execute(f"SELECT {', '.join(CHECKPOINT_ROOT.names)} FROM checkpoint_root")  # noqa: S608
    assert len(rows) == 4 and all(holds(store.to_json(row)) for row in rows)
    assert len({store.to_json(row)["public_key"] for row in rows}) == 1
    assert stat.S_IMODE((kept.folder / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


def test_two_who_make_one_at_once_make_one(kept: Kept) -> None:
    kept.post(11)
    for day in range(ROUNDS):
        outcomes = in_threads(kept.database.close, [Checkpoints(kept.database, kept.book.clock, kept.folder).make] * 4)
        assert outcomes == [DONE] * 4
        assert len(kept.database.execute("SELECT sid FROM checkpoint_root")) == day + 1
        kept.book.clock.time += DAY
        kept.post(5)


def test_who_is_overtaken_by_a_posting_and_its_checkpoint_makes_none(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.post(3)
    slow, grow = kept.checkpoints, kept.checkpoints.ledger.grow
    other = Checkpoints(kept.database, kept.book.clock, kept.folder)

    def overtaken(size: int, clock: Clock) -> int:
        kept.post(1)
        other.make()
        return grow(size, clock)

    monkeypatch.setattr(slow.ledger, "grow", overtaken)
    assert slow.make() is None
    made = other.last()
    assert made is not None and int(made.last_position) == len(kept.entries())
    assert kept.wrong() == []


def test_only_what_is_new_is_read(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.post(40)
    kept.checkpoints.make()
    read: list[int] = []
    leaves = kept.checkpoints.ledger.leaves
    hashes = leaves.hashes

    def counted(first: int, count: int) -> list[str]:
        read.append(count)
        return hashes(first, count)

    monkeypatch.setattr(leaves, "hashes", counted)
    kept.post(1)
    kept.checkpoints.make()
    assert 0 < sum(read) <= 4 * merkle.WIDTH < len(kept.entries()) / 4


def test_whatever_is_changed_is_found(kept: Kept) -> None:
    kept.post(11)
    kept.checkpoints.make()
    kept.book.clock.time += DAY
    kept.post(3)
    kept.checkpoints.make()
    assert kept.wrong() == []
    database = kept.database
    _unprotect(database)
    other_hash, position = "f" * 64, u64(database, 3)
    for table, field, value in (
        (LEDGER_ENTRY, "hash", other_hash),
        (LEDGER_SUBTREE, "hash", other_hash),
        (LEDGER_SUBTREE, "number", u64(database, 99)),
        (LEDGER_SUBTREE, "height", 9),
        (CHECKPOINT_ROOT, "day", "2026-05-19"),
        (CHECKPOINT_ROOT, "first_position", position),
        (CHECKPOINT_ROOT, "last_position", position),
        (CHECKPOINT_ROOT, "root", other_hash),
        (CHECKPOINT_ROOT, "previous_root", other_hash),
        (CHECKPOINT_ROOT, "signature", "AAAA"),
        (CHECKPOINT_ROOT, "public_key", "AAAA"),
        (CHECKPOINT_ROOT, "created_at", 5),
        (LEDGER_ENTRY, "", None),
        (LEDGER_SUBTREE, "", None),
    ):
        name = table.table._meta.table_name
        for (sid,) in database.execute(f'SELECT sid FROM "{name}" ORDER BY sid'):  # noqa: S608
            change = f'UPDATE "{name}" SET "{field}" = ?' if field else f'DELETE FROM "{name}"'  # noqa: S608
            params = [value, sid] if field else [sid]
            with pytest.raises(Undone), database.transaction():
                database.change(database.prepare(f"{change} WHERE sid = ?"), params)
                assert kept.wrong(), f"{name}.{field or 'a whole row'} of {sid}"
                raise Undone
    first = database.execute("SELECT MIN(sid) FROM checkpoint_root")[0][0]
    with pytest.raises(Undone), database.transaction():
        database.change(database.prepare("DELETE FROM checkpoint_root WHERE sid = ?"), [first])
        assert kept.wrong(), "the first checkpoint is gone"
        raise Undone


def test_a_stranger_checks_that_an_entry_is_below_a_signed_root(kept: Kept) -> None:
    kept.post(9)
    kept.checkpoints.make()
    checkpoint = kept.checkpoints.last()
    assert checkpoint is not None
    everyone = range(1, int(checkpoint.last_position) + 1)
    rows = json.loads(json.dumps(list(inclusion(kept.checkpoints.ledger, checkpoint, everyone))))
    checker = verify_proof.Checker()
    assert list(checker.check(rows)) == [] and checker.entries == len(everyone)
    said = verify_proof.said(checker)
    assert f"{len(everyone)} entries of the ledger stand below the root" in said
    assert kept.checkpoints.key.public.startswith(said[said.index("ssh-ed25519") :])
    head, third = rows[0], rows[3]
    assert any("there is a checkpoint already" in each for each in verify_proof.Checker().check([head, third, head]))
    assert any("stands there twice" in each for each in verify_proof.Checker().check([head, third, third]))
    assert next(verify_proof.Checker().check([third])).endswith("stands before any checkpoint")
    for changed, told in (
        ([{**head, "day": "2027-01-01"}, third], "signature"),
        ([{**head, "last_position": int(head["last_position"]) + 1}, third], "signature"),
        ([head, {**third, "entry": {**third["entry"], "amount": "1"}}], "is not below the root"),
        ([head, {**third, "transaction": {**third["transaction"], "reason": "x"}}], "of another transaction"),
        ([head, {**third, "path": third["path"][1:]}], "too short"),
        ([head, {**third, "path": [*third["path"], "0" * 64]}], "too long"),
        ([head, {**third, "path": rows[4]["path"]}], "is not below the root"),
    ):
        assert told in "\n".join(verify_proof.Checker().check(changed)), told
    for what, mutated in changed_rows([head, third]):
        assert list(verify_proof.Checker().check(mutated)), what
    for position in (0, len(everyone) + 1):
        with pytest.raises(NotBelow, match="is not below the root"):
            list(inclusion(kept.checkpoints.ledger, checkpoint, [position]))


def test_an_auditor_who_kept_a_root_sees_that_the_ledger_only_grew(kept: Kept, tmp_path: Path) -> None:
    kept.post(9)
    first = kept.checkpoints.make()
    assert first is not None
    kept.book.clock.time += DAY
    kept.post(4)
    last = kept.checkpoints.make()
    assert last is not None
    ledger, shown = kept.checkpoints.ledger, first.model_dump(mode="json")
    rows = json.loads(json.dumps(list(growth(ledger, read_kept(json.dumps(shown)), last))))
    checker = verify_proof.Checker(shown)
    assert list(checker.check(rows)) == []
    assert f"goes on from that of {first.day} ({first.last_position} entries" in verify_proof.said(checker)
    assert list(growth(ledger, last.model_dump(mode="json"), last))[-1]["path"] == [], "of itself, too"
    old, new, path = rows
    for changed, told in (
        ([old, new, {**path, "path": path["path"][1:]}], "does not go on"),
        ([old, new, {**path, "path": [*path["path"], "0" * 64]}], "does not go on"),
        ([old, new, {**path, "path": path["path"][::-1]}], "does not go on"),
        ([old, new], "nothing that leads from one to the other"),
        ([old, {**new, "root": old["root"]}, path], "signature"),
        ([old, {**new, "last_position": 20}, path], "signature"),
        ([new, old, path], "does not go on"),
        ([new, path], "it needs two checkpoints"),
    ):
        assert told in "\n".join(verify_proof.Checker().check(changed)), told
    for what, mutated in changed_rows(rows):
        assert list(verify_proof.Checker(shown).check(mutated)), what
    other = {**shown, "day": "2026-01-01"}
    assert "does not begin at the checkpoint" in "\n".join(verify_proof.Checker(other).check(rows))
    assert "another key" in "\n".join(verify_proof.Checker({**shown, "public_key": "AAAA"}).check(rows))
    assert "cannot be read" in "\n".join(verify_proof.Checker({"day": "x"}).check(rows))
    for text in ("", "[]", json.dumps(other), json.dumps({**shown, "signature": "AAAA"})):
        with pytest.raises(NotGrown, match="no checkpoint"):
            read_kept(text)


def test_a_ledger_that_was_changed_since_does_not_go_on(kept: Kept) -> None:
    """Whatever whoever changed it computes anew: the root that was kept is signed."""
    kept.post(9)
    first = kept.checkpoints.make()
    assert first is not None
    kept.book.clock.time += DAY
    forger, key = Forger(kept.database), "payment:stripe:p2"
    with pytest.raises(Undone), kept.database.transaction():
        forger.change(key, 5)
        assert forger.told_by_the_audit() == []
        ledger = LedgerTree(kept.database)
        with pytest.raises(NotGrown, match="they were changed since"):
            list(growth(ledger, first.model_dump(mode="json"), first))
        with pytest.raises(LedgerChanged):
            kept.post(1)
            kept.checkpoints.make()
        raise Undone
    with pytest.raises(NotGrown, match="entries were taken away"):
        longer = first.model_copy(update={"last_position": first.last_position + 2}).model_dump(mode="json")
        list(growth(LedgerTree(kept.database), longer, first))


def test_the_commands_prove_and_check_growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", url)
    here = Kept(Database.open(url), tmp_path / "var/checkpoints")
    here.post(3)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, words)
        return done.exit_code, done.output

    yesterday, proof = tmp_path / "yesterday.json", str(tmp_path / "growth.jsonl")
    yesterday.write_text(run("checkpoint", "--json")[1])
    here.post(3)
    assert run("checkpoint")[0] == 0
    assert run("checkpoint", "consistency", str(yesterday), "--out", proof)[0] == 0
    code, said = run("verify-proof", proof, "--kept", str(yesterday))
    assert code == 0 and "(12 entries) goes on from that of" in said and "(6 entries, root " in said
    site, other = tmp_path / "var/checkpoints/key.pub", tmp_path / "other"
    assert run("verify-proof", proof, "--key", str(site))[0] == 0
    SigningKey.make(other, "other")
    code, said = run("verify-proof", proof, "--key", str(other.with_suffix(".pub")))
    assert code == 1 and "which is not the one in" in said
    today = tmp_path / "today.json"
    today.write_text(run("checkpoint", "--json")[1])
    code, said = run("verify-proof", proof, "--kept", str(today))
    assert code == 1 and "does not begin at the checkpoint that was kept" in said
    for content in (b"{}", b"null", b"\xff", b"[" * 100_000):
        today.write_bytes(content)
        code, said = run("checkpoint", "consistency", str(today), "--out", proof)
        assert code == 1 and "this is no checkpoint" in said, content
    for content in (b"null", b"[]", b"\xff", b"[" * 100_000):
        today.write_bytes(content)
        code, said = run("verify-proof", proof, "--kept", str(today))
        assert code == 1 and f"{today} is no checkpoint" in said, content
    today.write_bytes(b"\xff")
    code, said = run("verify-proof", proof, "--key", str(today))
    assert code == 1 and "which is not the one in" in said


@pytest.mark.parametrize("changes", [{"public_key": "A"}, {"public_key": None}, {"public_key": 1}, {"signature": None}])
def test_a_checkpoint_that_cannot_be_read_is_told(kept: Kept, tmp_path: Path, changes: dict[str, object]) -> None:
    """In words, whatever stands where its key should."""
    kept.post(1)
    last = kept.checkpoints.make()
    assert last is not None
    head, *_ = inclusion(kept.checkpoints.ledger, last, [])
    file = tmp_path / "proof.jsonl"
    for row in ({**head, **changes}, {"kind": "checkpoint"}):
        file.write_text(json.dumps(row))
        for words in ((), ("--json",)):
            done = CliRunner().invoke(main, ["verify-proof", str(file), *words])
            assert isinstance(done.exception, SystemExit) and done.exit_code == 1
            assert "cannot be read" in done.output, done.output


def test_each_is_a_signed_commit_in_a_repository_of_its_own(kept: Kept, tmp_path: Path) -> None:
    checkpoints, clock = kept.checkpoints, kept.book.clock
    forge = GitRepository.new(tmp_path / "forge.git")
    push = partial(publish, checkpoints, kept.folder, forge.url, clock)
    assert push() == 0, "there is none yet"
    kept.post(1)
    checkpoints.make()
    clock.time += DAY
    checkpoints.make()
    assert push() == 2 and push() == 0
    signers = tmp_path / "signers"
    signers.write_text(f"checkpoints@site.invalid {checkpoints.key.public}\n")
    for commit in forge.git("rev-list", "main").split():
        forge.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", commit)
    last = checkpoints.last()
    assert last is not None
    for file in ("latest.json", f"2026/{last.day}-{last.last_position}.json"):
        assert holds(json.loads(forge.git("show", f"main:{file}")))
    shutil.rmtree(kept.folder / "repository.git")
    clock.time += DAY
    checkpoints.make()
    assert push() == 1, "our copy was lost: it goes on from what is over there"
    assert forge.git("rev-list", "--count", "main") == "3"
    forge.commit({"other": b"x"}, onto=None)
    with pytest.raises(NodeError, match="not ours"):
        push()


def test_a_ledger_that_was_changed_is_not_signed(kept: Kept) -> None:
    kept.post(3)
    kept.checkpoints.make()
    _unprotect(kept.database)
    with pytest.raises(Undone), kept.database.transaction():
        kept.database.change("UPDATE ledger_entry SET hash = previous_hash")
        kept.post(1)
        with pytest.raises(LedgerChanged, match="run the audit"):
            kept.checkpoints.make()
        raise Undone


def _unprotect(database: Database) -> None:
    """No trigger protects any row."""
    if database.dialect == "sqlite":
        database.execute("PRAGMA foreign_keys = off")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
    else:
        database.execute("SET session_replication_role = replica")
