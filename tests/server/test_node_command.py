"""`hero-onboarding node` and `push-usage` as an operator of a node types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.git_repository import GitRepository

GOOD = '{"user_sid":"01JD4ZK7Q1M8","resource_kind":"llm_token","quantity":"3","model":"m","cost":"0.01"'
GIVEN = f"""\
{GOOD}}}
{GOOD},"idempotency_key":"a","occurred_at":"2026-11-20T19:03:14Z"}}

{{"void":"a"}}
{{"void":"b"}}
{GOOD},"idempotency_key":"a","amount_cents":3}}
{GOOD},"idempotency_key":"a"}}
{GOOD},"charge":"1"}}
{{"quantity":"1","resource_kind":"vm_hour"}}
[]
nonsense
{GOOD}}}"""


def run(*arguments: str, given: str = "", status: int = 0, **variables: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "handlers", *arguments],
        input=given,
        capture_output=True,
        text=True,
        env=os.environ | variables,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_a_node_from_its_first_command_to_its_push(tmp_path: Path) -> None:
    var, forge = tmp_path / "var", GitRepository.new(tmp_path / "billing-n1.git")
    where = ("--dir", str(var / "nodes/n1"))
    assert "node init" in run("node", "status", *where, status=1)[1]
    made = json.loads(run("node", "init", *where, "--node-id", "n1", "--json")[0])
    assert made["public_key"].endswith(" n1") and (var / "nodes/n1/key").stat().st_mode & 0o77 == 0

    out, err = run("node", "record", *where, given=GIVEN, status=1)
    told = [json.loads(line) for line in out.splitlines()]
    assert [each.get("local_seq") for each in told] == [1, 2, 3, None, None, 2, None, None, None, None, 4]
    assert [each["duplicate"] for each in told if "duplicate" in each] == [False, False, False, True, False]
    errors = [each["error"] for each in told if "error" in each]
    for error, part in zip(
        errors,
        (
            "no record of the key 'b'",
            "number 2",
            "no field 'charge'",
            "`user_sid` is missing",
            "no JSON object",
            "no JSON:",
        ),
        strict=True,
    ):
        assert part in error
    assert "6 records could not be written" in err

    assert json.loads(run("node", "status", *where, "--json")[0])["not_pushed"] == 4
    assert "--repo-url" in run("push-usage", "--once", status=1, HERO_ONBOARDING_VAR_DIR=str(var))[1]
    run("node", "init", *where, "--node-id", "n1", "--repo-url", forge.url)
    assert json.loads(run("node", "push", *where, "--json")[0])["records"] == 4
    pushed = json.loads(run("push-usage", "--once", "--json", "--var-dir", str(var))[0])
    assert pushed["heartbeat"] and pushed["commit"] == forge.git("rev-parse", "main")
    assert "records         4" in run("node", "status", *where)[0]
    assert "no node has its log" in run("push-usage", "--once", "--var-dir", str(tmp_path))[1]


def test_the_command_of_a_node_is_light() -> None:
    code = "import sys; sys.argv = ['x', 'node', '-h']; from handlers.cli import main; main(standalone_mode=False)"
    code += "; import handlers.node.push; print('loaded', *{name.partition('.')[0] for name in sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(told.partition("loaded")[2].split())
    assert "pygit2" in loaded and not {"pydantic", "generated", "peewee", "falcon", "httpx"} & loaded
