"""git over HTTP: who may fetch and push, git's own server behind it, and the events of what was pushed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import falcon

from providers.sandbox.forge import backend, objects
from providers.sandbox.forge.hooks import Hooks
from providers.sandbox.forge.repositories import VENDOR, Moved, Refused, Repositories
from providers.sandbox.forge.tokens import CHALLENGE, Tokens, allows
from providers.sandbox.forge.troubles import fail_if_switched
from providers.sandbox.store import Store

JsonObject = dict[str, Any]
FETCH, PUSH = "git-upload-pack", "git-receive-pack"
MOST_COMMANDS = 1 << 20
"""Bytes of a push in which its references stand."""


class Git:
    """`/{owner}/{name}/info/refs`, `…/git-upload-pack` and `…/git-receive-pack`; `.git` behind the name may be left
    out. One request runs on one thread and waits for its own git only."""

    def __init__(
        self,
        store: Store,
        repositories: Repositories,
        tokens: Tokens,
        hooks: Hooks,
        shown: Callable[[JsonObject], JsonObject],
    ) -> None:
        self._store, self._repositories, self._tokens = store, repositories, tokens
        self._hooks, self._shown = hooks, shown

    def on_get_refs(self, req: falcon.Request, resp: falcon.Response, owner: str, name: str) -> None:
        service = req.get_param("service") or ""
        if service not in (FETCH, PUSH):
            raise Refused(403, "the old protocol is not spoken")
        self._serve(req, resp, owner, name, "info/refs", service)

    def on_post(self, req: falcon.Request, resp: falcon.Response, owner: str, name: str, service: str) -> None:
        if service not in (FETCH, PUSH):
            raise Refused(404)
        if req.content_type != f"application/x-{service}-request":
            raise _challenge()
        self._serve(req, resp, owner, name, service, service)

    def _serve(
        self, req: falcon.Request, resp: falcon.Response, owner: str, name: str, tail: str, service: str
    ) -> None:
        switches = self._store.switches(VENDOR)
        time.sleep(switches.get("git_slow", 0))
        fail_if_switched(self._store, "git_fail")
        if elsewhere := switches.get("redirect"):
            raise falcon.HTTPTemporaryRedirect(f"{elsewhere}/{owner}/{name}/{tail}?{req.query_string}")
        repository = self._admitted(req, owner, name.removesuffix(".git"), service)
        body = b"" if req.method == "GET" else _body(req)
        asked = backend.CgiRequest(
            method=req.method,
            path=f"/{repository['owner'].lower()}/{repository['name'].lower()}.git/{tail}",
            query=req.query_string,
            headers={key.lower(): value for key, value in req.headers.items()},
            body=body,
            user="hero" if service == PUSH else None,
        )
        answer = backend.serve(self._repositories.folder, asked)
        resp.status, resp.data = falcon.code_to_http_status(answer.status), answer.body
        for key, value in answer.headers:
            resp.set_header(key, value)
        if tail == PUSH and answer.status == 200:
            self._tell(repository, _commands(body, asked.headers.get("content-encoding")))

    def _admitted(self, req: falcon.Request, owner: str, name: str, service: str) -> JsonObject:
        """The repository, where whoever asks may do it."""
        try:
            grant = self._tokens.grant(req)
        except Refused:
            raise _challenge() from None
        try:
            found = self._repositories.find(owner, name)
        except Moved as moved:
            tail = "info/refs" if req.method == "GET" else service
            place = f"/{VENDOR}/{moved.owner}/{moved.name}/{tail}"  # Forgejo leaves `.git` away here
            raise falcon.HTTPTemporaryRedirect(f"{place}?{req.query_string}") from None
        except Refused:
            if grant is None:
                raise _challenge() from None
            if service == PUSH:
                raise Refused(403, "Push to create is not enabled for organizations.") from None
            raise
        if grant is None:
            if found["private"] or service == PUSH:
                raise _challenge()
        elif not allows(grant.scopes, "write:repository" if service == PUSH else "read:repository"):
            raise Refused(403, "token does not have at least one of required scope(s)")
        if found["archived"] and service == PUSH:
            raise Refused(403, "This repo is archived. You can view files and clone it, but cannot push.")
        return found

    def _tell(self, repository: JsonObject, commands: Iterator[tuple[str, str, str]]) -> None:
        """An event for each reference that has become what the push wanted; one that is gone is told by another kind of
        event, which nobody here asks for."""
        changed = self._repositories.change(repository)
        told, disk = self._shown(changed), self._repositories.open(changed)
        for before, after, ref in commands:
            found = disk.references.get(ref)
            if found is not None and str(found.target) == after != before:
                self._hooks.tell(changed, objects.push(ref, before, after, told, disk))


def _challenge() -> falcon.HTTPUnauthorized:
    return falcon.HTTPUnauthorized(title="Unauthorized", challenges=[CHALLENGE])


def _body(req: falcon.Request) -> bytes:
    """Whole, also where it came in pieces and says no length."""
    if req.content_length is None and req.env.get("wsgi.input_terminated"):
        return bytes(req.stream.read())
    return bytes(req.bounded_stream.read())


def _commands(body: bytes, encoding: str | None) -> Iterator[tuple[str, str, str]]:
    """The references that a push is to change: before, after, name."""
    if encoding == "gzip":
        body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, MOST_COMMANDS)
    at = 0
    while (length := int(body[at : at + 4] or b"0", 16)) > 4:
        words = body[at + 4 : at + length].partition(b"\0")[0].decode().split()
        if len(words) == 3:
            yield words[0], words[1], words[2]
        at += length
