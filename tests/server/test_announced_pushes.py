"""A node pushes to a forge, the forge tells the site, and the usage is consumed without waiting for the poll."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from codegen.runtime.context import Context
from codegen.runtime.errors import NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import InvalidSignature, ProviderRefused, ProviderUnavailable
from generated.models.onboarding import ForgeRepository, ForgeRepositoryPage, WebhookEvent, WebhookRequest
from generated.plugins.onboarding import Forge
from generated.tables.onboarding import NODE, OPERATOR_ACT
from handlers.usage.aggregation import Aggregation
from handlers.usage.announcing import Announcing
from handlers.usage.discovery import Discovery
from handlers.usage.fetchers import Limits
from handlers.usage.forges import Forges
from handlers.usage.mirrors import Mirrors
from handlers.usage.node_repositories import ForgeRepositories
from handlers.usage.nodes_service import NodesHandler
from handlers.usage.pushes import ForgeWebhookHandler, Pushes, other_webhooks
from handlers.usage.registration import Registration
from handlers.work.soon import Soon
from providers.forgejo import ForgejoForge
from tests.server.forge_world import HOOK, SITE, Hearth, signed
from tests.server.node_repository import NODE as NODE_ID
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.test_sandbox_forge import run as run_git
from tests.server.usage_world import PRICES, UsageWorld
from tests.waiting import PATIENCE, wait_for

NAME = f"billing-{NODE_ID}"


class House(UsageWorld):
    """A world whose repositories are at the forge."""

    def __init__(self, database: Database, mirrors: Mirrors, forge: Hearth) -> None:
        super().__init__(database, mirrors)
        self.forge, self.forges = forge, Forges({"forge": forge.provider(), "other": forge.provider()})
        made = Aggregation.over(database, self.clock, self.log, mirrors, PRICES, credentials=self.forges.credentials)
        self.aggregator = made.aggregator
        self.nodes_of = made.nodes
        soon = Soon(made.job(300), self.log, None)
        self.pushes = Pushes(self.forges, made.nodes, soon, self.clock)

    def tell(self, webhook: WebhookRequest) -> WebhookEvent:
        context = Context(self.operator.caller, self.clock, self.database, "test")
        return ForgeWebhookHandler(self.pushes).receive(context, body=webhook.body, headers=webhook.headers)

    def repositories(self, owner: str = "hero_ops", forges: Forges | None = None) -> ForgeRepositories:
        known = self.forges if forges is None else forges
        return ForgeRepositories(self.database, known, self.nodes_of, owner, SITE)

    def is_at(self, commit: str) -> bool:
        return self.node().last_commit == commit


class Unknowing:
    """A forge that knows no owner."""

    def __init__(self, forge: ForgejoForge) -> None:
        self._forge = forge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forge, name)

    def list_repositories(self, owner: str, **given: Any) -> Any:
        return self._forge.list_repositories("nobody", **given)


class Holding:
    """A forge that holds these repositories."""

    def __init__(self, repositories: Sequence[ForgeRepository]) -> None:
        self._repositories = repositories

    def list_repositories(self, owner: str, **given: Any) -> ForgeRepositoryPage:
        return ForgeRepositoryPage(repositories=list(self._repositories), next_cursor=None)


@pytest.fixture(scope="module")
def forge(forge: Hearth) -> Hearth:
    forge.act("create", name=NAME, private=True)
    return forge


@pytest.fixture
def house(forge: Hearth, tmp_path: Path) -> Iterator[House]:
    mirrors = Mirrors.below(tmp_path / "mirrors", Limits(silence=PATIENCE), at_once=2)
    database = Database.open(f"sqlite:///{tmp_path / 'house.db'}")
    database.execute("PRAGMA synchronous = off")
    yield House(database, mirrors, forge)
    database.close()
    mirrors.close()


def test_an_announced_push_is_consumed(house: House, tmp_path: Path) -> None:
    """Once, however often it is told; a forged one is refused, and one that is lost is found by the poll."""
    forge, user = house.forge, house.user(dollars=10)
    repository = NodeRepository(tmp_path / "node", make_key(tmp_path))
    repository.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"n1","schema":1}')
    house.register(repository)
    node = house.node()
    Store.of(NODE, house.database).patch(node.sid, {"repo_url": f"{forge.url}/hero_ops/{NAME.upper()}"})

    def push(number: int) -> str:
        repository.push(line(number, user))
        url = f"{forge.url}/hero_ops/{NAME}.git"
        assert run_git("-C", str(repository.folder), "push", url, "main").returncode == 0
        return repository.head

    first = push(1)
    (webhook,) = forge.webhooks(NAME)
    with pytest.raises(InvalidSignature):
        house.tell(signed(webhook.body, "another key of the same sort"))
    assert not house.is_at(first)
    told = house.tell(webhook)
    assert (told.provider, told.duplicate) == ("forge", False)
    wait_for(lambda: house.is_at(first), "the announced push")
    assert house.tell(webhook).duplicate and house.tell(webhook).event_id == told.event_id
    assert [each.local_seq for each in house.records()] == [1]
    push(2)
    second = push(3)
    house.tell(forge.webhooks(NAME)[-1])
    wait_for(lambda: house.is_at(second), "both pushes")
    lost = push(4)
    assert house.run().commits == 1 and house.is_at(lost)
    house.audit()


def test_what_concerns_no_node_is_taken_and_passed_over(house: House) -> None:

    for body in (b'{"zen": "x"}', b'{"ref": "v1", "ref_type": "tag"}'):
        assert house.tell(signed(body)).duplicate is False


def test_other_forges_have_webhooks_of_their_own(house: House) -> None:
    (other,) = other_webhooks(house.forges, house.pushes)
    assert (other.name, other.path) == ("other", "/webhooks/other")
    answer = other.call(house.operator, b"{}", signed(b"{}").headers)
    assert WebhookEvent.model_validate_json(answer).provider == "other"
    with pytest.raises(InvalidSignature):
        house.pushes.receive("nobody", b"{}", {})


def test_a_private_repository_needs_the_forges_credentials(house: House) -> None:
    """They are given for its address, and for no other."""
    address = f"{house.forge.url}/hero_ops/{NAME}.git"
    assert house.forges.credentials(address) is not None
    assert house.forges.credentials("https://elsewhere.example/hero_ops/billing-n1.git") is None
    assert Forges().credentials(address) is None


def test_all_repositories_of_an_owner_are_found(house: House, tmp_path: Path) -> None:
    """Of each forge, with the node that is registered for it; a forge that fails is told, and stops no other."""
    repositories = house.repositories()
    house.register(NodeRepository(tmp_path / "node", make_key(tmp_path)))
    Store.of(NODE, house.database).patch(house.node().sid, {"repo_url": f"{house.forge.url}/hero_ops/{NAME}"})
    found = repositories.discover()
    assert {(each.forge, each.node_id) for each in found.repositories if each.name == NAME} == {
        ("forge", NODE_ID),
        ("other", NODE_ID),
    }
    house.forge.switch(api_fail={"status": 503, "count": 1})
    again = repositories.discover()
    assert {each.forge for each in again.repositories} == {"other"}
    assert [(each.forge, each.detail) for each in again.failed] == [("forge", "HTTP 503")]
    nobody = house.repositories(owner="nobody").discover()
    assert nobody.repositories == []
    assert {(each.forge, each.detail) for each in nobody.failed} == {
        ("forge", "there is no owner nobody"),
        ("other", "there is no owner nobody"),
    }
    empty = Forges({"forge": house.forge.provider(), "other": cast("Forge", Unknowing(house.forge.provider()))})
    assert house.repositories(forges=empty).discover().failed == [], "one that does not know the owner has none of its"


def test_operators_are_told_of_repositories_without_a_node(house: House, tmp_path: Path) -> None:
    """Once each, until a node is registered or it is gone; nothing is known of what a forge holds that fails."""
    url = f"{house.forge.url}/hero_ops/{NAME}.git"
    discovery = Discovery(house.database, house.clock, house.forges, house.nodes_of, "hero_ops")

    def told() -> list[str]:
        return [each.subject for each in house.alerts() if each.kind == "node_unregistered"]

    house.repositories().make(house.operator, "n-empty")
    repository = NodeRepository(tmp_path / "node", make_key(tmp_path))
    repository.push(line(1, house.user()))
    assert run_git("-C", str(repository.folder), "push", "-q", "--force", url, "main").returncode == 0
    assert (discovery.run_once() > 0, url in told()) == (True, True)
    assert not any("n-empty" in each for each in told()), "it waits for its node"
    assert discovery.run_once() == 0 and told().count(url) == 1
    house.forge.switch(api_fail={"status": 503, "count": 1})
    with pytest.raises(ProviderUnavailable):
        Discovery(
            house.database, house.clock, Forges({"forge": house.forge.provider()}), house.nodes_of, "hero_ops"
        ).run_once()
    assert url in told(), "it is not said to be gone"

    house.register(repository)
    Store.of(NODE, house.database).patch(house.node().sid, {"repo_url": url})
    assert discovery.run_once() == 1 and url not in told()
    house.nodes.retire(house.operator, node_id=NODE_ID, reason="sold")
    assert discovery.run_once() == 0 and url not in told(), "it is known, and over"
    Store.of(NODE, house.database).delete(house.node().sid)
    assert discovery.run_once() == 1 and url in told()
    nowhere = Forges({"forge": cast("Forge", Holding(()))})
    assert Discovery(house.database, house.clock, nowhere, house.nodes_of, "hero_ops").run_once() > 0
    assert told() == [], "they are gone"


def test_a_new_node_is_given_a_repository(house: House) -> None:
    """A private one, the same when it is asked for again, with the operator's act behind it."""
    repositories = house.repositories()
    made = [repositories.make(house.operator, "n-new") for _ in range(2)]
    assert made[0] == made[1] and made[0].clone_url == f"{house.forge.url}/hero_ops/billing-n-new.git"
    assert house.forge.provider().get_repository("hero_ops", "billing-n-new").private
    acts = Store.of(OPERATOR_ACT, house.database).list_full(10)["items"]
    assert [(each.act, each.subject) for each in acts] == [("nodes.make_repository", "n-new")] * 2


def test_a_repository_that_cannot_be_made_is_told_why(house: House) -> None:
    reader = house.forge.act("token", scopes=["read:repository"])["sha1"]
    cases = {
        "there is no owner nobody": house.repositories("nobody"),
        "the token does not allow it": house.repositories(forges=Forges({"forge": house.forge.provider(token=reader)})),
        "see HERO_ONBOARDING_FORGE_URL": house.repositories(forges=Forges()),
    }
    for why, repositories in cases.items():
        with pytest.raises(ProviderRefused) as refused:
            repositories.make(house.operator, "n-other")
        assert why in refused.value.detail


# --- webhooks that are set --------------------------------------------------------------------------------------------


def set_hooks(house: House, name: str) -> list[str]:
    """Where pushes to a repository are announced by a webhook of its own."""
    found = house.forge.http.get(f"/repos/hero_ops/{name}/hooks").json()
    return [each["config"]["url"] for each in found]


@pytest.fixture
def bare(house: House) -> House:
    """Without a webhook of the owner."""
    house.forge.drop_hooks()
    return house


def test_a_new_repository_has_its_pushes_announced(bare: House) -> None:
    """Once, however often it is asked for."""
    made = [bare.repositories().make(bare.operator, "n-announced") for _ in range(2)]
    assert {each.webhook_url for each in made} == {HOOK} and made[0].webhook_error is None
    assert set_hooks(bare, "billing-n-announced") == [HOOK]


def test_a_repository_is_made_where_no_webhook_can_be_set(bare: House) -> None:
    """Polls find its pushes; why is told."""
    account = {"scopes": ["write:repository", "write:organization"], "owner": False, "admin": False}
    token = bare.forge.act("token", **account)["sha1"]
    told = bare.repositories(forges=Forges({"forge": bare.forge.provider(token=token)})).make(bare.operator, "n-quiet")
    assert (told.webhook_url, told.webhook_error) == (None, "the token does not allow it")
    silent = Forges({"forge": bare.forge.provider(signing_keys=())})
    told = bare.repositories(forges=silent).make(bare.operator, "n-quiet")
    assert (told.webhook_url, told.webhook_error) == (None, None), "nobody wants them announced"


def test_a_webhook_is_set_by_an_operator(bare: House, tmp_path: Path) -> None:
    """Of a node's repository, of all of the owner's, and anew; each is an act."""
    bare.register(NodeRepository(tmp_path / "node", make_key(tmp_path)))
    with pytest.raises(ProviderRefused) as refused:
        bare.repositories().set_webhook(bare.operator, NODE_ID, False)
    assert "no forge that sets webhooks has this repository" in refused.value.detail
    Store.of(NODE, bare.database).patch(bare.node().sid, {"repo_url": f"{bare.forge.url}/hero_ops/{NAME}.git"})
    told = bare.repositories().set_webhook(bare.operator, NODE_ID, False)
    assert (told.owner, told.name, told.url) == ("hero_ops", NAME, HOOK)
    first = bare.forge.http.get(f"/repos/hero_ops/{NAME}/hooks").json()[0]["id"]
    bare.repositories().set_webhook(bare.operator, NODE_ID, True, "the key was lost")
    (only,) = bare.forge.http.get(f"/repos/hero_ops/{NAME}/hooks").json()
    assert only["id"] != first
    told = bare.repositories().set_webhook(bare.operator, None, False)
    assert (told.owner, told.name) == ("hero_ops", None)
    assert len(bare.forge.http.get("/orgs/hero_ops/hooks").json()) == 1
    with pytest.raises(NotFound):
        bare.repositories().set_webhook(bare.operator, "nobody", False)
    with pytest.raises(ProviderRefused) as refused:
        bare.repositories("nobody").set_webhook(bare.operator, None, False)
    assert "there is no owner nobody" in refused.value.detail
    acts = Store.of(OPERATOR_ACT, bare.database).list_full(10)["items"]
    assert [(each.subject, each.reason) for each in acts if each.act == "nodes.set_webhook"] == [
        (NODE_ID, "no reason given"),
        (NODE_ID, "the key was lost"),
        ("hero_ops", "no reason given"),
    ]


def test_a_node_that_is_registered_has_its_pushes_announced(bare: House, tmp_path: Path) -> None:
    """Where that fails it is registered all the same, and the log says why."""
    lines: list[bytes] = []
    log = Log(lines.append)
    announcing = bare.repositories().announcing
    handler = NodesHandler(
        bare.database, bare.nodes_of, bare.mirrors, Registration(bare.database, tmp_path), log, announcing
    )
    key = make_key(tmp_path).with_suffix(".pub").read_text().strip()

    def register(node_id: str) -> None:
        url = f"{bare.forge.url}/hero_ops/{NAME}.git"
        handler.register(bare.operator, node_id=node_id, repo_url=url, public_key=key, kinds=["llm_token"])

    register("n-a")
    assert set_hooks(bare, NAME) == [HOOK]
    bare.forge.switch(api_fail={"status": 503, "count": 1})
    register("n-b")
    log.flush()
    assert bare.nodes_of.get("n-b") is not None
    assert b"its pushes are not announced, and found by polls: HTTP 503" in b"".join(lines)


def test_a_forge_elsewhere_is_not_asked_to_call_this_machine(bare: House) -> None:
    """It would try its own."""
    elsewhere = Forges({"forge": bare.forge.provider(url="https://forge.example")})
    address = "https://forge.example/hero_ops/billing-n1.git"
    seen = Announcing(elsewhere, "http://127.0.0.1:9920", "hero_ops").see_to(address)
    assert seen.url is None and seen.error is not None and "HERO_ONBOARDING_PUBLIC_URL" in seen.error
