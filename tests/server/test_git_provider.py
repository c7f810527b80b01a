"""Plain git as a forge: the kit over repositories on disk, the list's every fault, and servers that ask who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pygit2
import pytest
import yaml

from codegen.runtime.errors import Forbidden, NotFound
from codegen.runtime.plugins.settings import SettingsMissing, SettingsWrong, read, review
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import ForgeRepository, WebhookRequest
from handlers.usage.forges import Forges
from providers.git import GitForge, GitSettings
from providers.sandbox.forge.tokens import PUBLISHED
from providers.testing.forge import ForgeKit
from tests.git_repository import GitRepository
from tests.server.forge_world import committed, hearth

PREFIX = "HERO_ONBOARDING_GIT_"
VARIABLE = "HERO_ONBOARDING_NODE_REPOS"


def listing(path: Path, *repositories: Any) -> GitForge:
    """A forge with this list."""
    path.write_text(yaml.safe_dump({"repositories": list(repositories)}))
    return GitForge(GitSettings(node_repos=path))


class TestGit(ForgeKit):
    provider = GitForge
    signing_key = "none"
    examples = 3
    skip: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            "verify_webhook_answers_what_is_declared",
            "read_webhook_answers_what_is_declared",
            "ensure_push_webhook_answers_what_is_declared",
            "a_webhook_that_cannot_be_read_is_malformed",
        ),
        "it announces no pushes",
    )
    folder: Path

    @pytest.fixture(autouse=True)
    def _fill(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "hero_ops"
        self.folder.mkdir()
        self.list().write_text("repositories: []\n")

    def list(self) -> Path:
        return self.folder / "repositories.yaml"

    def make(self) -> GitForge:
        return GitForge(GitSettings(node_repos=self.list()))

    def add(self, plugin: Any, name: str) -> ForgeRepository:
        repository = GitRepository.new(self.folder / f"{name}.git")
        known = yaml.safe_load(self.list().read_text())["repositories"]
        self.list().write_text(yaml.safe_dump({"repositories": [*known, repository.url]}))
        return self.make().get_repository(self.owner, name)

    def commit(self, plugin: Any, name: str, branch: str = "main") -> str:

        return str(committed(pygit2.Repository(str(self.folder / f"{name}.git")), f"refs/heads/{branch}"))

    def sign(self, body: bytes, key: str) -> WebhookRequest:
        pytest.skip("it announces no pushes")


def test_one_that_is_not_listed_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        listing(tmp_path / "list.yaml").ensure_repository("hero_ops", "billing-n1")


def test_a_long_list_has_pages(tmp_path: Path) -> None:
    plugin = listing(tmp_path / "list.yaml", *(f"https://git.example/hero_ops/billing-n{n}.git" for n in range(450)))
    pages, cursor = list[int](), None
    while True:
        page = plugin.list_repositories("hero_ops", prefix="billing-", cursor=cursor)
        pages.append(len(page.repositories))
        if (cursor := page.next_cursor) is None:
            break
    assert pages == [200, 200, 50]
    assert page.repositories[0].empty is None and page.repositories[0].private is None, "nobody was asked"
    with pytest.raises(ProviderRefused):
        plugin.list_repositories("hero_ops", cursor="x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("repositories: [", "line 1: this is no YAML"),
        ("- a", "the file: "),
        ("repositories: [1]", "repositories.0: "),
        ("repositories: [ssh://git.example/a/b.git]", "begins with https://"),
        ("repositories: ['https://me:secret@git.example/a/b.git']", "holds more than the address"),
        ("repositories: [https://git.example/b.git]", "ends with the owner and the name"),
        ("repositories: [{url: https://git.example/a/b.git, password: secret}]", "repositories.0.password: "),
        ("repositories: [https://git.example/a/b.git, https://other.example/a/b]", "listed twice: a/b"),
        ("other: []", "other: "),
        (None, "cannot read"),
    ],
)
def test_what_is_wrong_with_a_list_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "list.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsWrong) as wrong:
        read(GitSettings, PREFIX, {VARIABLE: path})
    assert VARIABLE in str(wrong.value) and told in str(wrong.value) and "secret" not in str(wrong.value)
    assert [each[:2] for each in review(GitSettings, PREFIX, {VARIABLE: path})] == [("contradictory", VARIABLE)]
    plugin = GitForge(GitSettings(node_repos=path))
    with pytest.raises(ProviderUnavailable):
        plugin.get_repository("a", "b")
    assert plugin.git_credentials("https://git.example/a/b.git") is None


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_password_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path, secret = tmp_path / "list.yaml", tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    listing(path, {"url": "https://git.example/a/b.git", "password_file": str(secret)})
    told = review(GitSettings, PREFIX, {VARIABLE: path})
    assert [each[:2] for each in told] == [("missing", VARIABLE)]
    assert told[0][2] == f"a/b: its password cannot be read in {secret}"
    secret.write_text("a password")
    assert review(GitSettings, PREFIX, {VARIABLE: path}) == []


def test_without_a_list_there_is_nothing_to_mend() -> None:
    with pytest.raises(SettingsMissing, match=VARIABLE):
        GitForge(read(GitSettings, PREFIX, {}))
    assert review(GitSettings, PREFIX, {}) == []


def test_a_server_that_asks_who_it_is(tmp_path: Path) -> None:
    """The password is read from its file, and goes to the address that it stands beside."""
    secret = tmp_path / "password"
    with hearth() as forge:
        forge.act("create", name="billing-n1", private=True)
        head, address = forge.commit("billing-n1"), f"{forge.url}/hero_ops/billing-n1.git"
        plugin = listing(tmp_path / "list.yaml", {"url": address, "username": "x", "password_file": str(secret)})
        for content, error in (("0" * 40, ProviderRefused), ("", ProviderRefused)):
            secret.write_text(content)
            with pytest.raises(error):
                plugin.head("hero_ops", "billing-n1", "main")
        secret.write_text(f"{PUBLISHED}\n")
        assert plugin.head("hero_ops", "billing-n1", "main") == head
        assert Forges({"git": plugin}).credentials(address) == plugin.git_credentials(address)
        assert plugin.git_credentials(f"{address}/") is None
        open_to_all = listing(tmp_path / "list.yaml", address)
        with pytest.raises(ProviderRefused):
            open_to_all.head("hero_ops", "billing-n1", "main")
        forge.act("delete", name="billing-n1")
        plugin = listing(tmp_path / "list.yaml", {"url": address, "username": "x", "password_file": str(secret)})
        with pytest.raises(NotFound):
            plugin.head("hero_ops", "billing-n1", "main")
    with pytest.raises(ProviderUnavailable):
        plugin.head("hero_ops", "billing-n1", "main")
    weak = review(GitSettings, PREFIX, {VARIABLE: tmp_path / "list.yaml"})
    assert [each[:2] for each in weak] == [("weak", VARIABLE)]
