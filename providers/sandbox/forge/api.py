"""Forgejo's API, as far as nodes' repositories need it: organizations, repositories, branches, files to read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlencode

import falcon
import pygit2

from providers.sandbox.forge import objects
from providers.sandbox.forge.hooks import Hooks, of_organization
from providers.sandbox.forge.hooks import shown as shown_hook
from providers.sandbox.forge.repositories import VENDOR, Moved, Refused, Repositories, of_repository
from providers.sandbox.forge.tokens import Grant, Tokens, allows
from providers.sandbox.forge.troubles import fail_if_switched
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
SCOPES = {"repos": ("repository",), "orgs": ("organization",), "org": ("organization", "repository"), "user": ("user",)}
"""What a token must be for, by the first part of a path; repositories of an organization are the organization's."""
CHANGEABLE = ("name", "description", "private", "archived", "default_branch")


class Api:
    """Everything below `/api/v1`. `app_url` is the forge's own name for itself."""

    def __init__(
        self,
        store: Store,
        repositories: Repositories,
        tokens: Tokens,
        hooks: Hooks,
        shown: Callable[[JsonObject], JsonObject],
        app_url: Callable[[], str],
    ) -> None:
        self._store, self._repositories, self._tokens, self._hooks = store, repositories, tokens, hooks
        self._shown, self._app_url = shown, app_url

    def on_get(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        self._answer(req, resp, path)

    on_post = on_patch = on_delete = on_get

    def _answer(self, req: falcon.Request, resp: falcon.Response, path: str) -> None:
        time.sleep(self._store.switches(VENDOR).get("api_slow", 0))
        fail_if_switched(self._store, "api_fail")
        grant = self._tokens.grant(req)
        if grant is None:
            raise Refused(401, "token is required")
        verb = "read" if req.method == "GET" else "write"
        if not all(allows(grant.scopes, f"{verb}:{of}") for of in SCOPES.get(path.partition("/")[0], ())):
            raise Refused(403, "token does not have at least one of required scope(s)")
        try:
            status, found = self._route(req, resp, path, grant)
        except Moved as moved:
            tail = path.split("/")[3:]
            raise falcon.HTTPTemporaryRedirect(
                "/".join((f"/{VENDOR}/api/v1/repos", moved.owner, moved.name, *tail))
            ) from None
        if self._store.count_down(VENDOR, "answers_lost") is not None:
            raise Refused(500, "")
        resp.status, resp.media = falcon.code_to_http_status(status), found

    def _route(self, req: falcon.Request, resp: falcon.Response, path: str, grant: Grant) -> tuple[int, Any]:
        match (req.method, *(unquote(part) for part in path.split("/"))):
            case ("GET", "version"):
                return 200, {"version": "11.0.1+gitea-1.22.0"}
            case ("GET", "user"):
                return 200, {"id": 1, "login": "hero", "username": "hero"}
            case ("POST", "orgs"):
                return 201, objects.organization(self._repositories.add_organization(_text(req, "username")))
            case ("GET", "orgs", name):
                return 200, objects.organization(self._repositories.organization(name))
            case ("GET", "orgs", owner, "repos"):
                return 200, self._page(req, resp, owner)
            case ("POST", "orgs" | "org", owner, "repos"):
                return 201, self._shown(self._repositories.create(owner, _object(req)))
            case (_, "orgs", owner, "hooks", *rest):
                found = self._repositories.organization(owner)
                if not grant.owner:
                    raise Refused(403, "Must be an organization owner")
                return self._of_hooks(req, resp, of_organization(found["name"]), rest)
            case (_, "repos", owner, name, "hooks", *rest):
                found = self._repositories.find(owner, name)
                if not grant.admin:
                    raise Refused(403, "user should be an owner or a collaborator with admin write of a repository")
                return self._of_hooks(req, resp, of_repository(found), rest)
            case (_, "repos", owner, name, *rest):
                return self._of_repository(req, self._repositories.find(owner, name), rest)
        raise Refused(404, "The target couldn't be found.")

    def _of_repository(self, req: falcon.Request, found: JsonObject, rest: list[str]) -> tuple[int, Any]:
        match (req.method, *rest):
            case ("GET",):
                return 200, self._shown(found)
            case ("DELETE",):
                self._repositories.remove(found)
                return 204, None
            case ("PATCH",):
                asked = _object(req)
                fields = {name: asked[name] for name in CHANGEABLE if name in asked}
                return 200, self._shown(self._repositories.change(found, **fields))
            case ("GET", "branches", *names):
                name = "/".join(names)
                return 200, objects.branch(name, self._commit(found, name))
            case ("GET", "contents", *names):
                return 200, self._contents(found, "/".join(names), req.get_param("ref") or found["default_branch"])
        raise Refused(404, "The target couldn't be found.")

    def _of_hooks(self, req: falcon.Request, resp: falcon.Response, of: str, rest: list[str]) -> tuple[int, Any]:
        match (req.method, *rest):
            case ("GET",):
                found = self._hooks.of(of)
                first, limit, _ = self._place(req)
                resp.set_header("X-Total-Count", str(len(found)))  # these lists have no Link
                return 200, [shown_hook(each) for each in found[first : first + limit]]
            case ("POST",):
                return 201, shown_hook(self._hooks.create(of, _object(req)))
            case ("GET", number):
                return 200, shown_hook(self._hooks.find(of, number))
            case ("PATCH", number):
                return 200, shown_hook(self._hooks.change(self._hooks.find(of, number), _object(req)))
            case ("DELETE", number):
                self._hooks.remove(self._hooks.find(of, number))
                return 204, None
        raise Refused(404, "The target couldn't be found.")

    def _place(self, req: falcon.Request) -> tuple[int, int, int]:
        """Where a page begins, how many it holds at most, and its number."""
        most = int(self._store.switches(VENDOR).get("page_size", 50))
        limit = min(req.get_param_as_int("limit", min_value=1) or 30, most)
        number = req.get_param_as_int("page", min_value=1) or 1
        return (number - 1) * limit, limit, number

    def _page(self, req: falcon.Request, resp: falcon.Response, owner: str) -> list[JsonObject]:
        """A page is limited without a word, and repositories that the token may not see are missing from it, but
        counted."""
        first, limit, number = self._place(req)
        found = self._repositories.of(owner)
        pages = len(range(0, len(found), limit))
        resp.set_header("X-Total-Count", str(len(found)))
        if pages > 1 and not self._store.switches(VENDOR).get("no_link"):
            resp.set_header("Link", self._links(owner, number, pages, limit))
        page = found[first : first + limit]
        return [self._shown(each) for each in page if not self._repositories.is_hidden(each)]

    def _links(self, owner: str, number: int, pages: int, limit: int) -> str:
        """As Forgejo writes them: in this order, without a blank between them, under its own name for itself."""
        wanted = {"next": number + 1, "last": pages} if number < pages else {}
        wanted |= {"first": 1, "prev": number - 1} if number > 1 else {}
        base = f"{self._app_url()}/api/v1/orgs/{owner}/repos"
        return ",".join(
            f'<{base}?{urlencode({"limit": limit, "page": page})}>; rel="{rel}"' for rel, page in wanted.items()
        )

    def _commit(self, repository: JsonObject, name: str) -> pygit2.Commit:
        """What a branch, or the name of a commit, stands for."""
        disk = self._repositories.open(repository)
        try:
            found = disk.references.get(f"refs/heads/{name}")
            commit = disk[name] if found is None else disk[found.target]
        except (KeyError, ValueError):
            raise Refused(404, "The target couldn't be found.") from None
        if not isinstance(commit, pygit2.Commit):
            raise Refused(404, "The target couldn't be found.")
        return commit

    def _contents(self, repository: JsonObject, path: str, ref: str) -> Any:
        commit = self._commit(repository, ref)
        try:
            found: pygit2.Object = commit.tree[path] if path else commit.tree
        except KeyError:
            raise Refused(404, "The target couldn't be found.") from None
        return objects.contents(path, found, str(commit.id), self._shown(repository)["html_url"])


def _object(req: falcon.Request) -> JsonObject:
    try:
        found = req.get_media()
    except falcon.HTTPError:
        raise Refused(422, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(422, "the body is no object")
    return found


def _text(req: falcon.Request, name: str) -> str:
    found = _object(req).get(name)
    if not isinstance(found, str):
        raise Refused(422, f"[{name}]: Required")
    return found
