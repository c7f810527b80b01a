"""The laws of repositories: each is listed once, made once, and found by its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import case
from providers.testing.forge.world import MAIN, ForgeWorld

UNKNOWN = "unknown-0000000000"


class RepositoryLaws(ForgeWorld):
    @case
    def test_every_repository_is_listed_once(self) -> None:
        """On however many pages."""
        plugin = self.make()
        made = {self.added(plugin).name for _ in range(self.many)}
        names = self.listed(plugin)
        missing = sorted(made - set(names))
        assert not missing, f"{len(missing)} of {len(made)} repositories are on no page"
        assert len(names) == len(set(names)), "a repository is listed twice"

    @case
    def test_a_short_page_does_not_end_a_list(self) -> None:
        """What may not be seen is missing from its page, and others follow."""
        plugin = self.make()
        made = [self.added(plugin).name for _ in range(2 * self.many)]
        for name in made[: self.many]:
            self.hide(plugin, name)
        missing = set(made[self.many :]) - set(self.listed(plugin))
        assert not missing, f"behind pages with gaps {len(missing)} repositories are missing"

    @case
    def test_a_prefix_chooses_among_all(self) -> None:
        """Whatever page they are on."""
        plugin = self.make()
        prefix = self.new_name("chosen-")
        chosen = {self.added(plugin, f"{prefix}-").name}
        for _ in range(self.many):
            self.added(plugin)
        chosen.add(self.added(plugin, f"{prefix}-").name)
        assert set(self.listed(plugin, f"{prefix}-")) == chosen, "a prefix gives others than those that begin with it"

    @case
    def test_what_is_unknown_is_not_found(self) -> None:
        """An owner, a repository, and what is no name at all."""
        plugin = self.make()
        known = self.added(plugin)
        acts: tuple[Callable[[], object], ...] = (
            lambda: plugin.list_repositories(UNKNOWN),
            lambda: plugin.get_repository(self.owner, UNKNOWN),
            lambda: plugin.get_repository(UNKNOWN, known.name),
            lambda: plugin.get_repository(self.owner, f"../{self.owner}/{known.name}"),
            lambda: plugin.get_repository(self.owner, ""),
            lambda: plugin.head(self.owner, UNKNOWN, MAIN),
        )
        for act in acts:
            with pytest.raises(NotFound):
                act()

    @case
    def test_a_repository_without_a_commit_is_empty(self) -> None:
        plugin = self.make()
        made = self.added(plugin)
        assert plugin.get_repository(self.owner, made.name).empty, "nothing was pushed, and it is not empty"
        assert plugin.head(self.owner, made.name, MAIN) is None, "nothing was pushed, and its branch has a commit"

    @case
    def test_a_head_is_the_newest_commit_of_its_branch(self) -> None:
        plugin = self.make()
        made = self.added(plugin)
        for _ in range(2):
            commit = self.commit(plugin, made.name)
            found = plugin.head(self.owner, made.name, MAIN)
            assert found == commit, f"{commit} was pushed, and the branch is said to be at {found}"
        other = self.commit(plugin, made.name, "usage/other")
        assert plugin.head(self.owner, made.name, "usage/other") == other, "another branch has another commit"
        assert plugin.head(self.owner, made.name, MAIN) == commit, "a push to another branch moved this one"
        assert plugin.head(self.owner, made.name, "nowhere") is None, "a branch that is not there has a commit"
        assert not plugin.get_repository(self.owner, made.name).empty, "it has commits, and is said to be empty"

    @case
    def test_what_is_there_is_not_made_again(self) -> None:
        plugin = self.make()
        made = self.added(plugin)
        commit = self.commit(plugin, made.name)
        again = self.make().ensure_repository(self.owner, made.name)
        assert again.name == made.name and again.clone_url == made.clone_url, "another one was made beside it"
        assert plugin.head(self.owner, made.name, MAIN) == commit, "its commits are gone"
        assert self.listed(plugin, made.name) == [made.name], "it is there twice"

    @case
    def test_a_repository_is_as_private_as_was_asked_for(self) -> None:
        plugin = self.make()
        if not plugin.capabilities().creates:
            pytest.skip("it makes no repositories")
        assert plugin.ensure_repository(self.owner, self.new_name()).private, "usage can be read by everybody"
        for private in (True, False):
            name = self.new_name()
            plugin.ensure_repository(self.owner, name, private=private)
            found = plugin.get_repository(self.owner, name)
            assert found.private is private, f"made with private={private}, it is private={found.private}"
