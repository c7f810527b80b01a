"""The repositories of the stand-in: what is known of them in the sandbox's store, and bare ones on disk."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pygit2

from codegen.runtime.context import Clock
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
VENDOR = "forge"
REPOSITORY, ORGANIZATION, MOVED, HOOK = "repository", "organization", "moved", "hook"
FIRST = "hero_ops"
"""The organization that is there from the beginning."""
_NAME = re.compile("[A-Za-z0-9._-]{1,100}")
_RESERVED = {".", "..", "-", "api", "user", "explore"}
_ENDINGS = (".git", ".wiki", ".rss", ".atom")


class Refused(Exception):
    """What the forge answers to a request that it does not carry out."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status


class Moved(Exception):
    """The repository has another name now."""

    def __init__(self, owner: str, name: str) -> None:
        super().__init__()
        self.owner, self.name = owner, name


class Repositories:
    """Names are unique whatever their case, and so are the folders of a repository and its owner."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store, self._clock, self.folder = store, clock, folder
        if store.get(VENDOR, ORGANIZATION, FIRST) is None:
            self.add_organization(FIRST)

    # --- organizations --------------------------------------------------------------------------------------------

    def add_organization(self, name: str) -> JsonObject:
        _checked(name)
        if self._store.get(VENDOR, ORGANIZATION, name.lower()) is not None:
            raise Refused(422, "user already exists")
        made = {"id": name.lower(), "name": name, "number": self._number(ORGANIZATION)}
        self._store.put(VENDOR, ORGANIZATION, made)
        return made

    def organization(self, name: str) -> JsonObject:
        found = self._store.get(VENDOR, ORGANIZATION, name.lower())
        if found is None:
            raise Refused(404, "The target couldn't be found.")
        return found

    # --- repositories -----------------------------------------------------------------------------------------------

    def of(self, owner: str) -> list[JsonObject]:
        """An organization's repositories, oldest first."""
        self.organization(owner)
        found = [each for each in self._store.all(VENDOR, REPOSITORY) if each["owner"].lower() == owner.lower()]
        return sorted(found, key=lambda each: int(each["number"]))

    def find(self, owner: str, name: str) -> JsonObject:
        """A repository; 404 for one that is unknown, or hidden by the switch. Raises `Moved`."""
        key = _key(owner, name)
        found = self._store.get(VENDOR, REPOSITORY, key)
        if found is None and (moved := self._store.get(VENDOR, MOVED, key)) is not None:
            raise Moved(moved["owner"], moved["name"])
        if found is None or self.is_hidden(found):
            raise Refused(404, "The target couldn't be found.")
        return found

    def is_hidden(self, repository: JsonObject) -> bool:
        hidden = self._store.switches(VENDOR).get("hidden", [])
        return repository["name"] in hidden

    def create(self, owner: str, asked: JsonObject) -> JsonObject:
        organization, name = self.organization(owner), _checked(asked.get("name"))
        with self._store.transaction():
            if self._store.get(VENDOR, REPOSITORY, _key(owner, name)) is not None:
                raise Refused(409, "The repository with the same name already exists.")
            now = self.now()
            made = {
                "id": _key(owner, name),
                "number": self._number(REPOSITORY),
                "owner": organization["name"],
                "name": name,
                "description": str(asked.get("description") or ""),
                "private": asked.get("private") is True,
                "archived": False,
                "default_branch": str(asked.get("default_branch") or "main"),
                "created_at": now,
                "updated_at": now,
            }
            path = self.path(made)
            shutil.rmtree(path, ignore_errors=True)
            pygit2.init_repository(str(path), bare=True, initial_head=made["default_branch"])
            self._store.remove(VENDOR, MOVED, made["id"])
            self._store.put(VENDOR, REPOSITORY, made)
        return made

    def change(self, repository: JsonObject, **fields: object) -> JsonObject:
        """Another name leaves the old one as a way to it."""
        with self._store.transaction():
            made = {**repository, **fields, "updated_at": self.now()}
            _checked(made["name"])
            made["id"] = _key(made["owner"], made["name"])
            if made["id"] != repository["id"]:
                if self._store.get(VENDOR, REPOSITORY, made["id"]) is not None:
                    raise Refused(409, "The repository with the same name already exists.")
                shutil.rmtree(self.path(made), ignore_errors=True)
                self.path(repository).rename(self.path(made))
                self._store.remove(VENDOR, REPOSITORY, repository["id"])
                self._store.put(VENDOR, MOVED, {**made, "id": repository["id"]})
            self._store.put(VENDOR, REPOSITORY, made)
        return made

    def remove(self, repository: JsonObject) -> None:
        """With its webhooks: the next one may get its number."""
        with self._store.transaction():
            for hook in self._store.all(VENDOR, HOOK):
                if hook["of"] == of_repository(repository):
                    self._store.remove(VENDOR, HOOK, hook["id"])
            self._store.remove(VENDOR, REPOSITORY, repository["id"])
            shutil.rmtree(self.path(repository), ignore_errors=True)

    # --- on disk ------------------------------------------------------------------------------------------------------

    def path(self, repository: JsonObject) -> Path:
        return self.folder.joinpath(repository["owner"].lower(), f"{repository['name'].lower()}.git")

    def open(self, repository: JsonObject) -> pygit2.Repository:
        return pygit2.Repository(str(self.path(repository)))

    def size(self, repository: JsonObject) -> int:
        """In KiB."""
        folders = os.walk(self.path(repository))
        return sum(Path(folder, name).stat().st_size for folder, _, names in folders for name in names) >> 10

    def now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _number(self, kind: str) -> int:
        return 1 + max((int(each["number"]) for each in self._store.all(VENDOR, kind)), default=0)


def of_repository(repository: JsonObject) -> str:
    """What its webhooks are kept under; another name leaves them to it."""
    return f"repo:{repository['number']}"


def _checked(name: object) -> str:
    """A name that an organization or a repository may have: it is a folder's name, too, and leads out of none."""
    if (
        not isinstance(name, str)
        or _NAME.fullmatch(name) is None
        or name in _RESERVED
        or name.lower().endswith(_ENDINGS)
    ):
        raise Refused(422, "name is not allowed")
    return name


def _key(owner: str, name: str) -> str:
    return f"{owner.lower()}/{name.lower()}"
