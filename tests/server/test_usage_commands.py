"""The commands of operators: register a node, consume, look at what stands still, go on behind it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from handlers.cli import main
from handlers.prices.books import PriceBooks
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.node_repository import FILE, NodeRepository, line, make_key


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", url)
    opened = Database.open(url)
    create_tables(opened)
    return opened


def run(*args: str, status: int = 0) -> Result:
    done = CliRunner().invoke(main, args)
    assert done.exit_code == status, done.output
    return done


def test_an_operator_runs_it_all_by_commands(database: Database, tmp_path: Path) -> None:
    user, now = Book(database).user(), datetime.now(UTC).replace(microsecond=0)
    key = make_key(tmp_path)
    repository = NodeRepository(tmp_path / "n1", key)
    repository.at = now - timedelta(minutes=10)
    used = {"occurred_at": f"{now - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}", "amount_cents": 3, "cost": None}
    repository.push(line(1, user, **used), line(2, user, **used))
    node: tuple[str, ...] = (
        "nodes",
        "register",
        "--node-id",
        "n1",
        "--repo-url",
        repository.url,
        "--kinds",
        "llm_token,hero_os_hour",
    )
    node += ("--sets-prices",)
    assert run(*node, "--public-key", str(key.with_suffix(".pub"))).output.startswith("n1: registered with 1 keys")
    assert "no Ed25519 key" in run(*node, "--public-key", "ssh-rsa AAAAB3NzaC1yc2EAAAA", status=1).output
    assert run("aggregate", status=2).output.endswith("Error: give --once or --loop SECONDS\n")

    assert "2 records consumed" in run("aggregate", "--once").output

    bad = repository.push(line(4, user, **used))
    report = json.loads(run("aggregate", "--once", "--json", status=1).output)
    assert report["halted"][0] | {"detail": ""} == {
        "node_id": "n1",
        "commit": bad,
        "reason": "sequence_gap",
        "detail": "",
    }
    first, reason, advice = run("nodes", "list").output.splitlines()
    assert first.startswith("n1  ") and first.endswith("  commits behind: 1")
    assert reason.startswith(f"    sequence_gap at {bad}: {FILE}:3: ")
    assert f"nodes skip --node-id n1 --commit {bad} --line {FILE}:3 --reason WHY" in advice
    skip = ("nodes", "skip", "--node-id", "n1", "--reason", "lost", "--commit")
    assert "is not halted at this commit" in run(*skip, "0" * 40, status=1).output
    assert "FILE:NUMBER" in run(*skip, bad, "--line", "x", status=2).output
    unclear = run(*skip, bad, "--line", "9", status=1).output
    assert "name its file, too, as --line FILE:9; files with such a line: none is known" in unclear
    assert run(*skip, bad, "--line", f"{FILE}:3").output.endswith(f"goes on behind line {FILE}:3 of {bad}\n")
    assert "goes on behind" in run(*skip, bad).output
    repository.push(line(5, user, **used))
    report = json.loads(run("aggregate", "--once", "--json").output)
    assert (report["commits"], report["records_consumed"], report["halted"]) == (2, 1, [])

    until = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    run("nodes", "revoke-key", "--node-id", "n1", "--public-key", repository.public_key, "--valid-until", until)
    [shown] = json.loads(run("nodes", "list", "--json").output)
    assert (shown["node"]["records"], shown["node"]["keys"][0]["valid_until"]) == (3, until)
    proof = str(tmp_path / "proof.jsonl")
    assert run("proof", user, "--out", proof).output.endswith(f"3 lines of {user}\n")
    assert "in 2 signed commits cost 0.09 dollars" in run("verify-proof", proof).output
    Path(proof).write_text(Path(proof).read_text().replace('"charge": "30000000"', '"charge": "1"', 1))
    assert "is said to cost 1" in run("verify-proof", proof, status=1).output
    run("nodes", "retire", "--node-id", "n1", "--reason", "sold")
    assert json.loads(run("aggregate", "--once", "--json").output)["repositories"] == 0
    assert audit(database) == []


def test_a_kind_that_nobody_prices_is_told(database: Database, tmp_path: Path) -> None:
    """It is registered all the same: its price may come later. Before any book was loaded nothing is known."""
    key = str(make_key(tmp_path).with_suffix(".pub"))
    node = ("nodes", "register", "--node-id", "n1", "--repo-url", "file:///srv/git/a/b.git", "--public-key", key)
    for name, loaded in (("llm_tokens", False), ("llm_tokens", True), ("llm_token", True)):
        if loaded:
            PriceBooks(database, SystemClock()).load_configured(None)
        done = run(*node, "--kinds", f"hero_os_hour,{name}")
        assert done.stdout == "n1: registered with 1 keys for file:///srv/git/a/b.git\n"
        told = "n1: no price book knows llm_tokens; such lines are set aside as long as none does\n"
        assert done.stderr == (told if loaded and name == "llm_tokens" else "")


def test_without_a_forge_it_is_said_which_setting_is_missing(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a sentence of ours, and nothing else: forges that nobody wants are no news."""
    missing = {
        "HERO_ONBOARDING_FORGE_URL": ("nodes", "make-repository", "--node-id", "n1"),
        "HERO_ONBOARDING_NODE_REPOS": ("nodes", "discover"),
        "FORGE_WEBHOOK_SIGNING_KEY": ("nodes", "set-webhook"),
    }
    for variable, command in missing.items():
        told = run(*command, status=1).output
        assert told.startswith("Error: ") and variable in told and len(told.splitlines()) == 1, told
    node = ("nodes", "register", "--node-id", "n1", "--repo-url", "file:///srv/git/a/b.git", "--kinds", "llm_token")
    told = run(*node, "--public-key", "no.pub", status=2).output
    assert told.endswith("--public-key: cannot read no.pub: No such file or directory\n"), told
    key = make_key(tmp_path).with_suffix(".pub").read_text().strip()
    assert run(*node, "--public-key", key).output == ("n1: registered with 1 keys for file:///srv/git/a/b.git\n"), (
        "a plain git server announces nothing, and that is no news either"
    )
    told = run("nodes", "set-webhook", "--node-id", "n1", status=1).output
    assert told == "Error: no forge that sets webhooks has this repository; its pushes are found by polls\n"
    assert capfd.readouterr().err == "", "no log line"
