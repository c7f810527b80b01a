"""Forgejo's objects as JSON: repositories, branches, files, the event of a push."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pygit2

JsonObject = dict[str, Any]
NOBODY = "0" * 40
MOST_COMMITS = 5
"""Of a push, in its event."""


def organization(kept: JsonObject) -> JsonObject:
    return {"id": kept["number"], "name": kept["name"], "username": kept["name"], "visibility": "public"}


def repository(kept: JsonObject, app_url: str, size: int, empty: bool) -> JsonObject:
    """`app_url` is the forge's own name for itself, which may be another than the one it is called by."""
    owner, name = kept["owner"], kept["name"]
    page = f"{app_url}/{owner}/{name}"
    told = ("name", "description", "private", "archived", "default_branch", "created_at", "updated_at")
    return {
        **{field: kept[field] for field in told},
        "id": kept["number"],
        "owner": {"id": 1, "login": owner, "username": owner, "full_name": ""},
        "full_name": f"{owner}/{name}",
        "empty": empty,
        "html_url": page,
        "clone_url": f"{page}.git",
        "ssh_url": f"ssh://git@forge.invalid/{owner}/{name}.git",
        "size": size,
        "permissions": {"admin": True, "push": True, "pull": True},
        "object_format_name": "sha1",
    }


def branch(name: str, commit: pygit2.Commit) -> JsonObject:
    return {
        "name": name,
        "commit": {"id": str(commit.id), "message": commit.message},
        "protected": False,
        "user_can_push": True,
    }


def push(ref: str, before: str, after: str, told: Mapping[str, Any], disk: pygit2.Repository) -> JsonObject:
    """The event of a push to one reference, with the newest of its commits."""
    page, author = told["html_url"], {"id": 1, "login": "hero", "username": "hero", "full_name": "", "email": ""}
    new = list(_between(disk, before, after))
    commits = [_commit(each, page) for each in new[:MOST_COMMITS]]
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "compare_url": f"{page}/compare/{before}...{after}",
        "commits": commits,
        "total_commits": len(new),
        "head_commit": commits[0] if commits else None,
        "repository": dict(told),
        "pusher": author,
        "sender": author,
    }


def _between(disk: pygit2.Repository, before: str, after: str) -> Iterator[pygit2.Commit]:
    """What `after` has and `before` had not, newest first; nothing for what is no commit."""
    if isinstance(disk[after], pygit2.Commit):
        walker = disk.walk(after)
        if before != NOBODY:
            walker.hide(before)
        yield from walker


def _commit(found: pygit2.Commit, page: str) -> JsonObject:
    people = {"author": found.author, "committer": found.committer}
    at = datetime.fromtimestamp(found.commit_time, UTC)
    return {
        "id": str(found.id),
        "message": found.message,
        "url": f"{page}/commit/{found.id}",
        **{role: {"name": who.name, "email": who.email, "username": ""} for role, who in people.items()},
        "verification": None,
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "added": None,
        "removed": None,
        "modified": None,
    }


def contents(path: str, found: pygit2.Object, commit: str, page: str) -> JsonObject | list[JsonObject]:
    """A file, or what is in a folder."""
    if isinstance(found, pygit2.Tree):
        return [_entry(f"{path}/{each.name}".lstrip("/"), each, commit, page, whole=False) for each in found]
    return _entry(path, found, commit, page, whole=True)


def _entry(path: str, found: pygit2.Object, commit: str, page: str, *, whole: bool) -> JsonObject:
    content = found.data if isinstance(found, pygit2.Blob) else None
    kind = "dir" if isinstance(found, pygit2.Tree) else "file" if isinstance(found, pygit2.Blob) else "submodule"
    shown = content is not None and whole
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": str(found.id),
        "last_commit_sha": commit,
        "type": kind,
        "size": 0 if content is None else len(content),
        "encoding": "base64" if shown else None,
        "content": base64.b64encode(content).decode() if content is not None and whole else None,
        "target": None,
        "html_url": f"{page}/src/commit/{commit}/{path}",
        "submodule_git_url": None,
    }
