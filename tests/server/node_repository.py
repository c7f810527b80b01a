"""Repositories of nodes, built by stock git, for tests of what the aggregator does with them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NODE = "n1"
STREAM = "5f0c"
USED_AT = datetime(2026, 5, 20, 20, 0, tzinfo=UTC)
"""When the first record of a test was used."""
FILE = "usage/usage_2026-05-20-20.jsonl"


def make_key(folder: Path, name: str = "key") -> Path:
    """A new Ed25519 key of an SSH agent's kind; the public one stands beside it as `.pub`."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NODE, "-f", path], check=True)
    return path


def line(seq: int, user: str, **fields: Any) -> dict[str, Any]:
    """A record: a call of a language model that cost a cent, unless `fields` say otherwise; None leaves one out."""
    record = {
        "cost": "0.01",
        "idempotency_key": f"{fields.get('node_id', NODE)}/{fields.get('stream_id', STREAM)}/{seq}",
        "local_seq": seq,
        "model": "llama",
        "node_id": NODE,
        "occurred_at": f"{USED_AT + timedelta(seconds=seq):%Y-%m-%dT%H:%M:%SZ}",
        "quantity": "1000",
        "resource_kind": "llm_token",
        "schema": 1,
        "stream_id": STREAM,
        "user_sid": user,
        **fields,
    }
    return {name: value for name, value in record.items() if value is not None}


def hours(seq: int, user: str, instance: str, **fields: Any) -> dict[str, Any]:
    """A record of one hour of a machine, the next hour for the next `seq`."""
    shown = {
        "cost": None,
        "model": None,
        "occurred_at": f"{USED_AT + timedelta(hours=seq):%Y-%m-%dT%H:%M:%SZ}",
        "instance_id": instance,
        "interval_seconds": 3600,
        "quantity": "1",
        "resource_kind": "hero_os_hour",
    }
    return line(seq, user, **{**shown, **fields})


def encoded(*records: Mapping[str, Any]) -> bytes:
    """Records as lines."""
    texts = (json.dumps(each, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for each in records)
    return "".join(f"{text}\n" for text in texts).encode()


class NodeRepository:
    """A repository with a work tree. Commits are signed with `key` at `at`, a second after the one before."""

    def __init__(self, folder: Path, key: Path, node_id: str = NODE) -> None:
        self.folder, self.key, self.node_id = folder, key, node_id
        self.at = USED_AT + timedelta(hours=1)
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text().strip()

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def git(self, *args: str, given: str | None = None) -> str:
        """What git answers, `given` on its standard input."""
        now = f"@{int(self.at.timestamp())} +0000"
        settings = {
            "gpg.format": "ssh",
            "user.signingkey": str(self.key),
            "commit.gpgsign": "true",
            "user.name": self.node_id,
            "user.email": f"{self.node_id}@nodes.invalid",
        }
        known = {f"GIT_CONFIG_KEY_{n}": name for n, name in enumerate(settings)}
        known |= {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(settings.values())}
        found = subprocess.run(
            ["git", "-C", self.folder, *args],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_COUNT": str(len(settings)),
                "GIT_AUTHOR_DATE": now,
                "GIT_COMMITTER_DATE": now,
                **known,
            },
            input=given,
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, (args, found.stderr)
        return found.stdout.strip()

    def object(self, kind: str, content: str) -> str:
        """A tree (as `git ls-tree` lists it) or a commit that no other command of git would make."""
        if kind == "tree":
            return self.git("mktree", given=content)
        return self.git("hash-object", "-t", kind, "-w", "--stdin", given=content)

    def write(self, path: str, content: bytes) -> None:
        """A file of the work tree."""
        where = self.folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)

    def append(self, *records: Mapping[str, Any], path: str = FILE) -> None:
        """Lines at the end of a usage file."""
        where = self.folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.open("ab") as file:
            file.write(encoded(*records))

    def commit(self, *options: str) -> str:
        """Commit the work tree, whatever is in it; the commit."""
        self.at += timedelta(seconds=1)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "usage", *options)
        return self.head

    def push(self, *records: Mapping[str, Any], path: str = FILE) -> str:
        """Append and commit."""
        self.append(*records, path=path)
        return self.commit()
