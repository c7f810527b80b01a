"""Forgejo's objects as JSON: repositories, branches, files, the event of a push."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pygit2

JsonObject = dict[str, Any]
NOBODY = "0" * 40


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


def push(ref: str, before: str, after: str, told: Mapping[str, Any], author: JsonObject) -> JsonObject:
    """The event of a push to one reference."""
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "compare_url": f"{told['html_url']}/compare/{before}...{after}",
        "commits": [] if after == NOBODY else [{"id": after}],
        "total_commits": 0 if after == NOBODY else 1,
        "head_commit": None if after == NOBODY else {"id": after},
        "repository": dict(told),
        "pusher": author,
        "sender": author,
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
