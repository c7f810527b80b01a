"""Repositories for usage that appear at the forges, and that no node is registered with: operators are told."""

from __future__ import annotations

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from generated.models.onboarding import ForgeRepository
from handlers.usage.forges import Forges, same_place
from handlers.usage.nodes import Nodes
from handlers.work.alerts import alert, clear, subjects_up

UNREGISTERED = "node_unregistered"
MOST_SUBJECT = 255


class Discovery:
    """Looks at the repositories `billing-…` of `owner`. Nothing is read from one that is not registered."""

    def __init__(self, database: Database, clock: Clock, forges: Forges, nodes: Nodes, owner: str) -> None:
        self._database, self._clock = database, clock
        self._forges, self._nodes, self._owner = forges, nodes, owner

    def run_once(self) -> int:
        """Raise an alert for each repository that holds something and has no node, and take down those of others; how
        many changed. What a forge that fails holds is not known: its failure is raised when the others were looked at.
        """
        listing = self._forges.repositories(self._owner)
        known = {same_place(node.repo_url) for node in self._nodes.every()}
        up, changed = subjects_up(self._database, UNREGISTERED), 0
        waiting = {_subject(each): each for _, each in listing.found if _has_usage(each)}
        waiting = {subject: each for subject, each in waiting.items() if same_place(each.clone_url) not in known}
        for subject, each in waiting.items():
            if subject not in up:
                changed += 1
                detail = f"{each.owner}/{each.name} holds usage, and no node is registered with {each.clone_url}"
                alert(self._database, self._clock, UNREGISTERED, subject, detail)
        seen = {_subject(each) for _, each in listing.found}
        for subject in sorted(up - waiting.keys()):
            if subject in seen or same_place(subject) in known or not listing.failed:
                changed += clear(self._database, self._clock, UNREGISTERED, subject)
        for _, error in listing.failed:
            raise error
        return changed


def _has_usage(found: ForgeRepository) -> bool:
    """One without a commit waits for its node, and one that is archived is over."""
    return not found.archived and not found.empty


def _subject(found: ForgeRepository) -> str:
    return found.clone_url[:MOST_SUBJECT]
