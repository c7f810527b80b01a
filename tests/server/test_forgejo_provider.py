"""The Forgejo provider against the sandbox's forge over real HTTP: the kit, and every warning of the contract."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from codegen.runtime.errors import Forbidden, NotFound
from codegen.runtime.plugins.settings import SettingsMissing, read, review
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import WebhookRequest
from providers.forgejo import ForgejoForge, ForgejoSettings
from providers.forgejo.calls import Api
from providers.forgejo.pages import Page
from providers.sandbox.forge.room import SIGNING_KEY
from providers.sandbox.forge.tokens import PUBLISHED
from providers.testing.forge import ForgeKit
from tests.server.forge_world import Hearth, signed


class TestForgejo(ForgeKit):
    provider = ForgejoForge
    signing_key = SIGNING_KEY
    secrets = (PUBLISHED, SIGNING_KEY, base64.b64encode(f"hero:{PUBLISHED}".encode()).decode())
    examples = 3
    many = 3
    forge: ClassVar[Hearth]
    folder: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def _serve(self, forge: Hearth, tmp_path: Path) -> Iterator[None]:
        TestForgejo.forge, TestForgejo.folder = forge, tmp_path
        forge.switch(page_size=2, hidden=[])
        forge.clear()
        yield

    def make(self) -> ForgejoForge:
        return self.forge.provider()

    def make_with_another_key(self) -> ForgejoForge:
        return self.forge.provider(signing_keys=("another key of the same sort",))

    def commit(self, plugin: Any, name: str, branch: str = "main") -> str:
        return self.forge.commit(name, branch)

    def announced(self, plugin: Any, name: str, branch: str = "main") -> WebhookRequest:
        self.forge.push(name, self.folder, branch)
        return self.forge.webhooks(name)[-1]

    def sent(self, plugin: Any, name: str, branch: str = "main") -> list[tuple[str, WebhookRequest]]:
        return self.forge.sent(name, self.folder, branch)

    def spoil(self, plugin: Any, url: str) -> None:
        store = self.forge.sandbox.store
        for each in store.all("forge", "hook"):
            if each["url"] == url:
                store.put("forge", "hook", {**each, "active": False})

    def hide(self, plugin: Any, name: str) -> None:
        hidden = self.forge.sandbox.store.switches("forge").get("hidden", [])
        self.forge.switch(hidden=[*hidden, name])

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        return signed(body, key)


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clean(forge: Hearth) -> Iterator[Hearth]:
    """The forge without repositories, its switches off."""
    forge.clear()
    off: dict[str, Any] = {"page_size": 50, "hidden": [], "no_link": False, "token_revoked": False, "redirect": None}
    forge.switch(**off, app_url=forge.url)
    yield forge
    forge.switch(**off, app_url=forge.url)


def names(forge: Hearth) -> list[str]:
    """All that is listed, page by page."""
    found, cursor, plugin = list[str](), None, forge.provider()
    while True:
        page = plugin.list_repositories("hero_ops", prefix="billing-", cursor=cursor)
        found += [each.name for each in page.repositories]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


@pytest.mark.parametrize("no_link", [False, True])
@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_lists_with_gaps_are_read_to_their_end(clean: Hearth, page_size: int, no_link: bool) -> None:
    """Whole pages are empty, in the beginning and in the middle, also where a proxy takes `Link` away."""
    made = [f"billing-n{number}" for number in range(7)]
    for name in made:
        clean.act("create", name=name)
    gaps = {"billing-n0", "billing-n1", "billing-n2", "billing-n4", "billing-n5"}
    clean.switch(page_size=page_size, no_link=no_link, hidden=sorted(gaps))
    assert names(clean) == [name for name in made if name not in gaps]
    clean.switch(hidden=[])
    assert names(clean) == made


def test_the_forges_own_name_for_itself_gets_no_token(clean: Hearth) -> None:
    """Behind a proxy links lead to another host; nothing is asked there."""
    for number in range(3):
        clean.act("create", name=f"billing-n{number}")
    clean.switch(page_size=1, app_url="http://127.0.0.1:9/inside")
    assert len(names(clean)) == 3
    found = clean.provider().get_repository("hero_ops", "billing-n0")
    assert found.clone_url == f"{clean.url}/hero_ops/billing-n0.git"


def test_what_is_no_cursor_is_refused(forge: Hearth) -> None:
    for cursor in ("", "0-1", "1", "1-0", "-1-1", "1-1-1", "x", "9999999999-1", "1-1\n"):
        with pytest.raises(ProviderRefused):
            forge.provider().list_repositories("hero_ops", cursor=cursor)


def test_a_next_page_is_further_on() -> None:
    """A link that leads back would never end."""
    page = Page.of("3-2")
    assert page is not None
    for link in ('<https://x/?page=3>; rel="next"', '<https://x/?page=1>; rel="next"', '<https://x/>; rel="next"', "x"):
        assert page.next(2, link, "100") is None
    assert page.next(2, '<https://x/?page=4>; rel="next",<https://x/?page=9>; rel="last"', None) == Page(4, 2)


# --- what the contract warns of -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ProviderRefused),
        (403, ProviderRefused),
        (404, NotFound),
        (409, ProviderRefused),
        (429, ProviderUnavailable),
    ]
    + [(each, ProviderUnavailable) for each in (500, 502, 503)],
)
def test_errors_of_the_forge(clean: Hearth, status: int, error: type[Exception]) -> None:
    clean.act("create", name="billing-n1")
    clean.switch(api_fail={"status": status, "count": 1})
    with pytest.raises(error):
        clean.provider().get_repository("hero_ops", "billing-n1")


@pytest.mark.parametrize(
    ("status", "error"), [(403, Forbidden), (404, NotFound), (413, ProviderRefused), (422, ProviderRefused)]
)
def test_a_repository_that_cannot_be_made(clean: Hearth, status: int, error: type[Exception]) -> None:
    plugin = clean.provider()

    def asked(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if request.method == "GET" else status, json=None)

    plugin._api._http = httpx.Client(transport=httpx.MockTransport(asked))
    with pytest.raises(error):
        plugin.ensure_repository("hero_ops", "billing-n1")


def test_a_lost_answer_makes_one_repository(clean: Hearth) -> None:
    """The first call found nothing, made it, and heard 500; the second finds it."""
    plugin, posted = clean.provider(), []

    def lose(response: httpx.Response) -> None:
        if response.request.method == "POST":
            posted.append(response.status_code)
            raise httpx.ReadTimeout("lost")

    plugin._api._http.event_hooks = {"response": [lose]}
    with pytest.raises(ProviderUnavailable):
        plugin.ensure_repository("hero_ops", "billing-n1")
    assert plugin.ensure_repository("hero_ops", "billing-n1").empty
    assert posted == [201] and names(clean) == ["billing-n1"]


def test_two_make_the_same_at_once(clean: Hearth) -> None:
    """Whoever comes second hears 409, and finds it."""
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: clean.provider().ensure_repository("hero_ops", "billing-n1"), range(6)))
    assert len({each.clone_url for each in made}) == 1 and names(clean) == ["billing-n1"]


def test_one_that_is_there_and_not_to_be_seen_is_forbidden(clean: Hearth) -> None:
    clean.act("create", name="billing-n1")
    clean.switch(hidden=["billing-n1"])
    with pytest.raises(Forbidden):
        clean.provider().ensure_repository("hero_ops", "billing-n1")


def test_a_token_that_is_revoked_or_may_only_read(clean: Hearth) -> None:
    reader = clean.act("token", scopes=["read:repository", "read:organization"])["sha1"]
    plugin = clean.provider(token=reader)
    clean.act("create", name="billing-n1", private=True)
    assert plugin.list_repositories("hero_ops").repositories
    with pytest.raises(Forbidden):
        plugin.ensure_repository("hero_ops", "billing-n2")
    clean.act("revoke", token=reader)
    with pytest.raises(ProviderRefused) as refused:
        plugin.list_repositories("hero_ops")
    assert reader not in str(vars(refused.value))


def test_a_token_for_repositories_alone_lists_none(clean: Hearth) -> None:
    """Lists belong to the organization, for which a token needs a scope of its own."""
    clean.act("create", name="billing-n1", private=True)
    plugin = clean.provider(token=clean.act("token", scopes=["read:repository"])["sha1"])
    assert plugin.get_repository("hero_ops", "billing-n1").name == "billing-n1"
    with pytest.raises(ProviderRefused) as refused:
        plugin.list_repositories("hero_ops")
    assert refused.value.data()["detail"] == "the token does not allow it"


def test_a_renamed_repository_is_not_there_under_its_old_name(clean: Hearth) -> None:
    clean.act("create", name="billing-n1")
    clean.act("rename", name="billing-n1", to="billing-n2")
    plugin = clean.provider()
    with pytest.raises(NotFound):
        plugin.get_repository("hero_ops", "billing-n1")
    with pytest.raises(NotFound):
        plugin.head("hero_ops", "billing-n1", "main")


def test_a_forge_that_is_elsewhere_is_an_outage() -> None:
    """A redirect to another host is not followed, and loses no repository."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(301, headers={"Location": f"https://elsewhere.example{request.url.path}"})

    api = Api("https://forge.example", "a-token")
    api._http = httpx.Client(transport=httpx.MockTransport(answer))
    with pytest.raises(ProviderUnavailable):
        api.get("/repos/a/b")
    assert asked == ["forge.example"]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'{"name": 1}', b'{"name": "../x", "owner": {"login": "a"}}']
)
def test_an_answer_that_is_none_of_theirs_is_an_outage(clean: Hearth, body: bytes) -> None:
    plugin = clean.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises(ProviderUnavailable):
        plugin.get_repository("hero_ops", "billing-n1")


def test_an_answer_without_an_end_is_an_outage(clean: Hearth) -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    plugin = clean.provider()
    plugin._api._http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=forever())))
    with pytest.raises(ProviderUnavailable):
        plugin.get_repository("hero_ops", "billing-n1")


# --- settings -------------------------------------------------------------------------------------------------------


def told(**variables: str) -> dict[str, str]:
    names_ = {"token": "FORGE_TOKEN", "keys": "FORGE_WEBHOOK_SIGNING_KEY"}
    return {names_.get(name, f"HERO_ONBOARDING_{name.upper()}"): value for name, value in variables.items()}


def test_without_an_address_there_is_no_forge_and_nothing_to_mend() -> None:
    settings = read(ForgejoSettings, "HERO_ONBOARDING_FORGE_", {})
    with pytest.raises(SettingsMissing, match="HERO_ONBOARDING_FORGE_URL"):
        ForgejoForge(settings)
    assert review(ForgejoSettings, "HERO_ONBOARDING_FORGE_", {}) == []


TOKEN_OF_A_FORGE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"forge_url": "https://forge.example", "token": TOKEN_OF_A_FORGE}, []),
        ({"forge_url": "https://forge.example"}, [("missing", "FORGE_TOKEN")]),
        ({"token": TOKEN_OF_A_FORGE}, [("missing", "HERO_ONBOARDING_FORGE_URL")]),
        ({"forge_url": "http://forge.example", "token": TOKEN_OF_A_FORGE}, [("weak", "HERO_ONBOARDING_FORGE_URL")]),
        (
            {"forge_url": "https://a:b@forge.example", "token": TOKEN_OF_A_FORGE},
            [("contradictory", "HERO_ONBOARDING_FORGE_URL")],
        ),
        ({"forge_url": "https://forge.example", "token": PUBLISHED}, [("sandbox", "FORGE_TOKEN")]),
        (
            {
                "forge_url": "https://forge.example",
                "token": TOKEN_OF_A_FORGE,
                "keys": f"short,{SIGNING_KEY},{TOKEN_OF_A_FORGE}",
            },
            [(fault, "FORGE_WEBHOOK_SIGNING_KEY") for fault in ("weak", "sandbox", "weak")],
        ),
    ],
)
def test_what_is_wrong_before_real_usage(given: dict[str, str], faults: list[tuple[str, str]]) -> None:
    found = review(ForgejoSettings, "HERO_ONBOARDING_FORGE_", told(**given))
    assert [each[:2] for each in found] == faults
    assert TOKEN_OF_A_FORGE not in str(found) and "short," not in str(found)


def test_the_sandbox_needs_no_settings() -> None:
    settings = read(ForgejoSettings, "HERO_ONBOARDING_FORGE_", told(sandbox_url="http://127.0.0.1:9930"))
    assert settings.forge_url == "http://127.0.0.1:9930/forge"
    assert (settings.secret_token, settings.webhook_keys) == (PUBLISHED, [SIGNING_KEY])
