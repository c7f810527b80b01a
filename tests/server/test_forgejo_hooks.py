"""Webhooks that the Forgejo provider sets at the sandbox's forge: found on any page, one at an address, mended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen.runtime.errors import Forbidden, NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from providers.forgejo import ForgejoForge
from tests.server.forge_world import HOOK, Hearth

NAME = "billing-n1"
URL = "https://site.example/webhooks/forge"
GOOD: dict[str, Any] = {
    "type": "forgejo",
    "active": True,
    "events": ["push"],
    "branch_filter": "*",
    "config": {"url": URL, "content_type": "json", "secret": "a key of somebody"},
}


@pytest.fixture
def forge(forge: Hearth) -> Hearth:
    """With one repository and no webhook."""
    forge.clear()
    forge.drop_hooks()
    forge.act("create", name=NAME, private=True)
    forge.switch(page_size=50)
    return forge


def hooks(forge: Hearth, of: str = f"repos/hero_ops/{NAME}") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = forge.http.get(f"/{of}/hooks").json()
    return found


def add(forge: Hearth, of: str = f"repos/hero_ops/{NAME}", **other: Any) -> int:
    answer = forge.http.post(f"/{of}/hooks", json={**GOOD, **other})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def ensured(plugin: ForgejoForge, **given: Any) -> int:
    return int(plugin.ensure_push_webhook("hero_ops", URL, name=NAME, **given).id)


def test_one_that_is_there_is_found_on_any_page(forge: Hearth) -> None:
    """These lists have no `Link`, and a page may hold fewer than were asked for."""
    forge.switch(page_size=2)
    for number in range(4):
        add(forge, config={**GOOD["config"], "url": f"https://other.example/{number}"})
    there = add(forge)
    assert ensured(forge.provider()) == there
    forge.switch(page_size=50)
    assert len(hooks(forge)) == 5


@pytest.mark.parametrize(
    "fault",
    [
        {"active": False},
        {"events": ["issues"]},
        {"branch_filter": "release/*"},
        {"type": "slack"},
        {"config": {**GOOD["config"], "content_type": "form"}},
    ],
    ids=str,
)
def test_one_that_announces_nothing_is_replaced(forge: Hearth, fault: dict[str, Any]) -> None:
    wrong = add(forge, **fault)
    made = ensured(forge.provider())
    assert made != wrong
    (only,) = hooks(forge)
    assert only["id"] == made and (only["active"], only["events"], only["type"]) == (True, ["push"], "gitea")
    assert only["config"] == {"url": URL, "content_type": "json"}


def test_of_several_the_newest_stays(forge: Hearth) -> None:
    """Somebody set them by hand, and the last one has the key of now."""
    _, newest, _ = add(forge), add(forge, events=["create", "push"]), add(forge, active=False)
    assert ensured(forge.provider()) == newest
    assert [each["id"] for each in hooks(forge)] == [newest]


def test_one_of_the_owner_is_enough(forge: Hearth) -> None:
    """Its repositories get none of their own, but where a new key is asked for."""
    plugin = forge.provider()
    of_all = int(plugin.ensure_push_webhook("hero_ops", URL).id)
    assert ensured(plugin) == of_all and hooks(forge) == []
    assert ensured(plugin, renew=True) != of_all and len(hooks(forge)) == 1


def test_the_first_key_of_several_signs(forge: Hearth, tmp_path: Path) -> None:
    """The second one is good as long as webhooks have it."""
    keys = ("the key of next year", "the key of this year")
    ensured(forge.provider(signing_keys=keys[1:]))
    plugin = forge.provider(signing_keys=keys)
    first = [request for url, request in forge.sent(NAME, tmp_path) if url == URL]
    assert plugin.verify_webhook(first[0])
    ensured(plugin, renew=True)
    (second,) = [request for url, request in forge.sent(NAME, tmp_path) if url == URL]
    assert forge.provider(signing_keys=keys[:1]).verify_webhook(second)


def test_without_a_key_none_is_set(forge: Hearth) -> None:
    """It would announce what nobody takes."""
    plugin = forge.provider(signing_keys=())
    assert not plugin.capabilities().sets_webhooks
    with pytest.raises(ProviderRefused) as refused:
        ensured(plugin)
    assert "FORGE_WEBHOOK_SIGNING_KEY" in refused.value.detail
    assert hooks(forge) == []


def test_who_may_set_which(forge: Hearth) -> None:
    scopes = ["write:repository", "write:organization"]
    for account, of_owner, of_repository in (
        ({"owner": True, "admin": True}, True, True),
        ({"owner": False, "admin": True}, False, True),
        ({"owner": False, "admin": False}, False, False),
    ):
        plugin = forge.provider(token=forge.act("token", scopes=scopes, **account)["sha1"])
        for allowed, name in ((of_repository, NAME), (of_owner, None)):
            if allowed:
                plugin.ensure_push_webhook("hero_ops", URL, name=name)
            else:
                with pytest.raises((Forbidden, ProviderRefused)):
                    plugin.ensure_push_webhook("hero_ops", URL, name=name)
    reader = forge.provider(token=forge.act("token", scopes=["read:repository", "read:organization"])["sha1"])
    with pytest.raises(Forbidden):
        reader.ensure_push_webhook("hero_ops", "https://new.example/webhooks/forge", name=NAME)


def test_asked_for_at_once_it_is_set_once(forge: Hearth) -> None:
    """The forge takes a second one without a word, so whoever finds two takes the older away."""
    for renew in (False, True):
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: ensured(forge.provider(), renew=renew), range(6)))  # noqa: B023
        assert len(hooks(forge)) == 1


def test_a_lost_answer_leaves_one(forge: Hearth) -> None:
    """It was made, and the answer was 500; asked again, it is found."""
    plugin, posted = forge.provider(), []

    def lose(response: httpx.Response) -> None:
        if response.request.method == "POST":
            posted.append(response.status_code)
            raise httpx.ReadTimeout("lost")

    plugin._api._http.event_hooks = {"response": [lose]}
    with pytest.raises(ProviderUnavailable):
        ensured(plugin)
    assert ensured(plugin) == hooks(forge)[0]["id"]
    assert posted == [201] and len(hooks(forge)) == 1


def test_gitea_tells_a_page_where_forgejo_tells_the_address(forge: Hearth) -> None:
    there = add(forge)

    def as_gitea(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        found = hooks(forge) if "repos" in request.url.path else []
        return httpx.Response(200, json=[{**each, "url": f"/hero_ops/{NAME}/settings/hooks/1"} for each in found])

    plugin = forge.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(as_gitea))
    assert ensured(plugin) == there


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[1]", b'[{"config": {"url": "%b"}}]' % URL.encode()])
def test_a_list_that_is_none_is_an_outage(forge: Hearth, body: bytes) -> None:
    plugin = forge.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises(ProviderUnavailable):
        ensured(plugin)


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Forbidden), (404, NotFound)]
    + [(each, ProviderRefused) for each in (400, 401, 409, 413, 422)]
    + [(each, ProviderUnavailable) for each in (429, 500, 503)],
)
def test_a_webhook_that_is_not_made(forge: Hearth, status: int, error: type[Exception]) -> None:
    """Each status is one of the errors that the interface declares, and none is taken for success."""

    def asked(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[]) if request.method == "GET" else httpx.Response(status, json=None)

    plugin = forge.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(asked))
    with pytest.raises(error):
        ensured(plugin)


def test_one_that_is_made_and_not_listed_is_an_outage(forge: Hearth) -> None:
    """Nobody knows whether it will announce anything."""

    def asked(request: httpx.Request) -> httpx.Response:
        made = {"id": 1, **GOOD}
        return httpx.Response(200, json=[]) if request.method == "GET" else httpx.Response(201, json=made)

    plugin = forge.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(asked))
    with pytest.raises(ProviderUnavailable):
        ensured(plugin)


# --- the stand-in is as careless as the forge -------------------------------------------------------------------------


def test_the_api_makes_a_second_one_and_never_shows_or_changes_a_key(forge: Hearth, tmp_path: Path) -> None:
    """So says Forgejo's source; Gitea's takes another key by a change."""
    numbers = [add(forge), add(forge)]
    assert len(set(numbers)) == 2
    answer = forge.http.patch(
        f"/repos/hero_ops/{NAME}/hooks/{numbers[0]}", json={"config": {"secret": "another"}, "active": False}
    )
    assert answer.status_code == 200 and answer.json()["active"] is False
    assert "a key of somebody" not in forge.http.get(f"/repos/hero_ops/{NAME}/hooks").text
    (sent,) = [request for url, request in forge.sent(NAME, tmp_path) if url == URL]
    assert forge.provider(signing_keys=("a key of somebody",)).verify_webhook(sent)


def test_the_api_refuses_what_forgejo_refuses(forge: Hearth) -> None:
    place = f"/repos/hero_ops/{NAME}/hooks"
    for wrong in (
        {"type": None},
        {"type": "pigeon"},
        {"config": {"url": URL}},
        {"config": {"content_type": "json"}},
        {"config": {"url": URL, "content_type": "xml"}},
        {"config": {"url": "nowhere", "content_type": "json"}},
    ):
        answer = forge.http.post(place, json={**GOOD, **wrong})
        assert answer.status_code == 422 and answer.json()["message"], wrong
    assert forge.http.get(f"{place}/99").status_code == 404
    assert forge.http.delete(f"{place}/99").status_code == 404
    of_all = add(forge, of="orgs/hero_ops")
    assert forge.http.get(f"{place}/{of_all}").status_code == 404, "it is the organization's"
    assert forge.http.delete(f"/orgs/hero_ops/hooks/{of_all}").status_code == 204
    assert add(forge) > of_all, "no number is given twice"


def test_events_carry_what_forgejo_sends(forge: Hearth, tmp_path: Path) -> None:
    """Its headers by all their names, and the newest commit; a branch that goes is no push."""
    forge.provider().ensure_push_webhook("hero_ops", HOOK)
    ((_, sent),) = forge.sent(NAME, tmp_path)
    for vendor in ("forgejo", "gitea", "gogs"):
        assert sent.headers[f"x-{vendor}-signature"] == sent.headers["x-forgejo-signature"]
    for vendor in ("forgejo", "gitea", "gogs", "github"):
        assert sent.headers[f"x-{vendor}-event"] == sent.headers[f"x-{vendor}-event-type"] == "push"
    assert sent.headers["x-hub-signature-256"] == f"sha256={sent.headers['x-forgejo-signature']}"
    told = httpx.Response(200, content=sent.body).json()
    head = told["head_commit"]
    assert (head["id"], told["total_commits"], len(told["commits"])) == (told["after"], 1, 1)
    assert head["author"]["name"] == "node" and head["url"].endswith(f"/commit/{head['id']}")


def test_a_repository_that_is_gone_has_no_webhooks(forge: Hearth, tmp_path: Path) -> None:
    """And one that is renamed keeps its own."""
    add(forge)
    forge.act("rename", name=NAME, to="billing-n2")
    assert [url for url, _ in forge.sent("billing-n2", tmp_path)] == [URL]
    forge.act("delete", name="billing-n2")
    forge.act("create", name=NAME)
    assert hooks(forge) == []
