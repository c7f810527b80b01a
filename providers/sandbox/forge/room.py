"""The forge's room in the sandbox: its API and git under `/forge`, signed push events, switches and acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import falcon

from providers.sandbox.control import JsonObject, Vendor
from providers.sandbox.forge import objects
from providers.sandbox.forge.api import Api
from providers.sandbox.forge.hooks import Hooks
from providers.sandbox.forge.repositories import FIRST, VENDOR, Moved, Refused, Repositories
from providers.sandbox.forge.tokens import PUBLISHED, Tokens
from providers.sandbox.forge.transport import Git
from providers.sandbox.room import Bench, Room
from providers.sandbox.switches import Switch, count, counts, flag, names, seconds, word

SIGNING_KEY = "forge-signing-sandbox"
SWITCHES: Mapping[str, Switch] = {
    "api_fail": counts(
        '{"status": 500, "count": 2}: the next calls of the API fail so and do nothing', "status", "count"
    ),
    "answers_lost": counts('{"count": 2}: the next calls of the API are carried out, but answered with 500', "count"),
    "api_slow": seconds("seconds before each answer of the API"),
    "git_fail": counts('{"status": 503, "count": 2}: the next requests of git fail so', "status", "count"),
    "git_slow": seconds("seconds before each answer to git"),
    "redirect": word("a URL: git is led to the same repository there"),
    "token_revoked": flag("true: the published token is not accepted any more"),
    "hidden": names("[names]: repositories that no token may see; lists count them and leave them out"),
    "page_size": count("how many a list gives at most, whatever was asked for (default 50)", 1),
    "no_link": flag("true: lists come without their Link header, as behind some proxies"),
    "app_url": word("the forge's own name for itself, in Link headers and clone URLs"),
}


def open_room(bench: Bench) -> Room:
    repositories = Repositories(bench.store, bench.clock, bench.files)
    tokens = Tokens(bench.store)

    def app_url() -> str:
        return str(bench.store.switches(VENDOR).get("app_url", bench.url))

    def shown(kept: JsonObject) -> JsonObject:
        empty = not list(repositories.open(kept).references)
        return objects.repository(kept, app_url(), repositories.size(kept), empty)

    hooks = Hooks(bench.store, repositories, bench.deliveries)
    git = Git(bench.store, repositories, tokens, hooks, shown)
    return Room(
        target=hooks.target,
        controls=Vendor(
            SWITCHES,
            _acts(repositories, tokens, shown),
            {"FORGE_TOKEN": PUBLISHED, "FORGE_WEBHOOK_SIGNING_KEY": SIGNING_KEY},
        ),
        routes={
            "/api/v1/{path:path}": Api(bench.store, repositories, tokens, hooks, shown, app_url),
            "/{owner}/{name}/info/refs": _References(git),
            "/{owner}/{name}/{service}": git,
        },
        errors={Refused: _refused},
    )


class _References:
    """The first request of git."""

    def __init__(self, git: Git) -> None:
        self.on_get = git.on_get_refs


def _acts(
    repositories: Repositories, tokens: Tokens, shown: Callable[[JsonObject], JsonObject]
) -> Mapping[str, tuple[str, Callable[[JsonObject], JsonObject]]]:
    def create(asked: JsonObject) -> JsonObject:
        return shown(repositories.create(asked.get("owner", FIRST), asked))

    def found(asked: JsonObject) -> JsonObject:
        try:
            return repositories.find(asked.get("owner", FIRST), asked["name"])
        except Moved:
            raise Refused(404, "it has another name now") from None

    def delete(asked: JsonObject) -> JsonObject:
        repositories.remove(found(asked))
        return {}

    def rename(asked: JsonObject) -> JsonObject:
        return shown(repositories.change(found(asked), name=asked["to"]))

    def archive(asked: JsonObject) -> JsonObject:
        return shown(repositories.change(found(asked), archived=asked.get("archived", True)))

    def token(asked: JsonObject) -> JsonObject:
        return {"sha1": tokens.make(asked["scopes"], asked.get("owner", True), asked.get("admin", True))}

    def revoke(asked: JsonObject) -> JsonObject:
        tokens.revoke(asked["token"])
        return {}

    return {
        "create": ("a repository is made; name, owner (default hero_ops), private", create),
        "delete": ("a repository is gone; name, owner", delete),
        "rename": ("a repository gets another name, and the old one leads to it; name, to, owner", rename),
        "archive": ("nothing can be pushed any more; name, owner, archived (default true)", archive),
        "token": (
            "a new token; scopes (a list), owner of organizations, admin of repositories (both default true)",
            token,
        ),
        "revoke": ("a token that was made here is not accepted any more; token", revoke),
    }


def _refused(req: falcon.Request, resp: falcon.Response, error: Refused, params: object) -> None:
    resp.status = falcon.code_to_http_status(error.status)
    resp.media = {"message": str(error), "url": "https://forge.invalid/api/swagger"}
    if error.status == 404:
        resp.media = {**resp.media, "errors": []}
