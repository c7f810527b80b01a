"""Forges that are wrong in one thing each, and the test of the kit that is meant for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from codegen.runtime.errors import NotFound
from generated.errors.onboarding import InvalidSignature, ProviderRefused
from generated.models.onboarding import (
    ForgeCapabilities,
    ForgeRepository,
    ForgeRepositoryPage,
    GitCredentials,
    PushNotice,
    PushWebhook,
    WebhookHead,
    WebhookRequest,
)
from tests.kits.forge_vendor import PAGE, SIGNATURE, Kept
from tests.kits.sound_forge import TOKEN, SoundForge

P = TypeVar("P", bound=type[SoundForge])
T = TypeVar("T")
WRONG_FORGES: dict[type[SoundForge], str] = {}
"""Provider → the name of the test, without `test_`."""


def caught_by(test: str) -> Callable[[P], P]:
    """Put a wrong provider into the table; its docstring says what is wrong with it."""

    def add(provider: P) -> P:
        WRONG_FORGES[provider] = test
        return provider

    return add


# --- lists ----------------------------------------------------------------------------------------------------------


@caught_by("every_repository_is_listed_once")
class ListsTheFirstPage(SoundForge):
    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        page = super().list_repositories(owner, prefix=prefix, cursor=cursor)
        return page.model_copy(update={"next_cursor": None})


@caught_by("a_short_page_does_not_end_a_list")
class StopsAtAShortPage(SoundForge):
    """What may not be seen is missing from its page."""

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        page = super().list_repositories(owner, prefix=prefix, cursor=cursor)
        short = len(page.repositories) < PAGE
        return page.model_copy(update={"next_cursor": None}) if short else page


@caught_by("list_repositories_has_pages_that_end")
class ListsForEver(SoundForge):
    """The last page leads to itself."""

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        page = super().list_repositories(owner, prefix=prefix, cursor=cursor)
        return page.model_copy(update={"next_cursor": page.next_cursor or cursor or "0"})


@caught_by("every_repository_is_listed_once")
class ListsTwice(SoundForge):
    """Pages overlap."""

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        page = super().list_repositories(owner, prefix=prefix, cursor=cursor)
        return page.model_copy(update={"repositories": [*page.repositories, *page.repositories[-1:]]})


@caught_by("a_prefix_chooses_among_all")
class HearsNoPrefix(SoundForge):
    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        return super().list_repositories(owner, cursor=cursor)


@caught_by("what_is_unknown_is_not_found")
class KnowsEveryOwner(SoundForge):
    """One that is not there has no repositories."""

    def list_repositories(
        self, owner: str, *, prefix: str | None = None, cursor: str | None = None
    ) -> ForgeRepositoryPage:
        try:
            return super().list_repositories(owner, prefix=prefix, cursor=cursor)
        except NotFound:
            return ForgeRepositoryPage(repositories=[])


# --- repositories ---------------------------------------------------------------------------------------------------


@caught_by("what_is_unknown_is_not_found")
class HasNoHeadForTheUnknown(SoundForge):
    """A repository that was deleted seems to be empty."""

    def head(self, owner: str, name: str, branch: str) -> str | None:
        try:
            return super().head(owner, name, branch)
        except NotFound:
            return None


@caught_by("a_repository_without_a_commit_is_empty")
class BeginsWithAFile(SoundForge):
    """Which no node has signed."""

    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        super().ensure_repository(owner, name, private=private)
        if not self.vendor.kept[name].heads:
            self.vendor.commit(name, "main")
        return self.get_repository(owner, name)


@caught_by("a_head_is_the_newest_commit_of_its_branch")
class KnowsOneBranch(SoundForge):
    def head(self, owner: str, name: str, branch: str) -> str | None:
        return next(iter(self.ask(lambda: self.vendor.get(owner, name)).heads.values()), None)


@caught_by("a_head_is_the_newest_commit_of_its_branch")
class RemembersTheHead(SoundForge):
    """From the first time that it was asked for."""

    def head(self, owner: str, name: str, branch: str) -> str | None:
        known: dict[Any, str | None] = self.__dict__.setdefault("known", {})
        found = known.get((name, branch)) or super().head(owner, name, branch)
        known[name, branch] = found
        return found


@caught_by("what_is_there_is_not_made_again")
class MakesItAnew(SoundForge):
    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        self.vendor.kept.pop(name, None)
        return super().ensure_repository(owner, name, private=private)


@caught_by("a_repository_is_as_private_as_was_asked_for")
class MakesAllPublic(SoundForge):
    def ensure_repository(
        self, owner: str, name: str, *, private: bool = True, description: str | None = None
    ) -> ForgeRepository:
        return super().ensure_repository(owner, name, private=False)


@caught_by("get_repository_answers_what_was_asked_for")
class AnswersAnother(SoundForge):
    def get_repository(self, owner: str, name: str) -> ForgeRepository:
        return super().get_repository(owner, name).model_copy(update={"name": f"{name}-2"})


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsUnknown(SoundForge):
    """A node's repository is said to be gone."""

    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except (OSError, KeyError):
            raise NotFound from None


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsARefusal(SoundForge):
    def ask(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError:
            raise ProviderRefused(provider="sound", detail="no answer") from None
        except KeyError:
            raise NotFound from None


# --- addresses and credentials --------------------------------------------------------------------------------------


@caught_by("an_address_holds_no_secret")
class WritesTheTokenIntoTheAddress(SoundForge):
    """So git asks for nothing."""

    def shown(self, kept: Kept) -> ForgeRepository:
        address = f"https://x:{TOKEN}@forge.example/{kept.name}.git"
        return super().shown(kept).model_copy(update={"clone_url": address})


@caught_by("git_fetches_by_the_address_and_the_credentials")
class NamesAPage(SoundForge):
    """Where people look at it."""

    def shown(self, kept: Kept) -> ForgeRepository:
        return super().shown(kept).model_copy(update={"clone_url": f"file://{self.vendor.folder}/pages/{kept.name}"})


@caught_by("credentials_are_for_this_forge_only")
class GivesTheTokenToAll(SoundForge):
    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        return GitCredentials(username="x", password=self.settings.token.get_secret_value())


@caught_by("credentials_are_for_this_forge_only")
class LooksForItsNameInTheAddress(SoundForge):
    """Which stands in the path of another host's."""

    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        if str(self.vendor.folder) not in clone_url:
            return None
        return GitCredentials(username="x", password=self.settings.token.get_secret_value())


@caught_by("no_secret_is_told")
class TellsItsToken(SoundForge):
    def capabilities(self) -> ForgeCapabilities:
        return super().capabilities().model_copy(update={"title": f"Sound {self.settings.token.get_secret_value()}"})


@caught_by("git_credentials_uses_no_network")
class AsksForCredentials(SoundForge):
    def git_credentials(self, clone_url: str) -> GitCredentials | None:
        self.vendor.reach()
        return super().git_credentials(clone_url)


# --- announced pushes -----------------------------------------------------------------------------------------------


@caught_by("a_webhook_of_other_bytes_is_refused")
class LooksForASignatureOnly(SoundForge):
    """That there is one is enough."""

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if len(request.headers.get(SIGNATURE, "")) != 64:
            raise InvalidSignature
        event = self.event(request.body)
        return WebhookHead(event_id=event["id"], event_type=event["kind"])


@caught_by("a_push_names_its_repository_branch_and_commit")
class NamesTheMainBranch(SoundForge):
    def told(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().told(event), "branch": "main"}


@caught_by("a_push_names_its_repository_branch_and_commit")
class NamesTheCommitBefore(SoundForge):
    def told(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().told(event), "after": super().told(event)["before"]}


@caught_by("the_first_push_has_nothing_before_it")
class TakesZerosForACommit(SoundForge):
    def told(self, event: dict[str, Any]) -> dict[str, Any]:
        return {**super().told(event), "before": event["before"]}


@caught_by("what_is_no_push_is_passed_over")
class TakesAllForAPush(SoundForge):
    def event(self, body: bytes) -> dict[str, Any]:
        found = json.loads(body)
        if not isinstance(found, dict):
            return super().event(body)
        zeros = {
            "id": "x",
            "kind": "push",
            "owner": "x",
            "name": "x",
            "branch": "main",
            "before": "0",
            "after": "0" * 40,
        }
        return {**zeros, **found}


@caught_by("an_event_has_the_same_name_each_time")
class NamesAnEventAnewEachTime(SoundForge):
    def event(self, body: bytes) -> dict[str, Any]:
        return {**super().event(body), "id": uuid4().hex}


@caught_by("two_events_have_two_names")
class NamesAnEventByItsBranch(SoundForge):
    def event(self, body: bytes) -> dict[str, Any]:
        found = super().event(body)
        return {**found, "id": found["branch"]}


@caught_by("a_webhook_that_cannot_be_read_is_malformed")
class LeaksWhatItCannotRead(SoundForge):
    def event(self, body: bytes) -> dict[str, Any]:
        return dict(json.loads(body))


@caught_by("a_webhook_is_read_when_its_key_is_gone")
class ReadsOnlyWhatIsSigned(SoundForge):
    def read_webhook(self, request: WebhookRequest) -> PushNotice | None:
        return super().read_webhook(request) if SIGNATURE in request.headers else None


@caught_by("head_comes_back_in_time")
class HangsForEver(SoundForge):
    def head(self, owner: str, name: str, branch: str) -> str | None:
        threading.Event().wait(20)
        return super().head(owner, name, branch)


# --- webhooks that it sets ------------------------------------------------------------------------------------------


@caught_by("a_push_is_announced_where_it_was_asked_for")
class PromisesAWebhook(SoundForge):
    """And sets none."""

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        return PushWebhook(id="1", url=url)


@caught_by("a_push_is_announced_where_it_was_asked_for")
class SetsTheOwnersWebhookForOneRepository(SoundForge):
    """The others' pushes are not announced."""

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        return super().ensure_push_webhook(owner, url, name=name or next(iter(self.vendor.kept), None), renew=renew)


@caught_by("a_webhook_of_one_repository_announces_no_other")
class SetsEveryWebhookForTheOwner(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        if name is not None:
            self.get_repository(owner, name)
        return super().ensure_push_webhook(owner, url, renew=renew)


@caught_by("a_webhook_is_set_once")
class SetsAWebhookEachTime(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        key = self.settings.signing_key.get_secret_value()
        made = self.ask(lambda: self.vendor.hook(owner, name, url, key))
        return PushWebhook(id=str(made.number), url=url)


@caught_by("a_webhook_is_set_once")
class TakesOthersWebhooksAway(SoundForge):
    """Those at other addresses are somebody else's."""

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        self.vendor.hooks = [each for each in self.vendor.hooks if each.url == url]
        return super().ensure_push_webhook(owner, url, name=name, renew=renew)


@caught_by("a_renewed_webhook_takes_the_others_place")
class LeavesTheOldWebhook(SoundForge):
    """Each push is announced twice, once with the old key."""

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        before = list(self.vendor.hooks)
        made = super().ensure_push_webhook(owner, url, name=name, renew=renew)
        self.vendor.hooks += [each for each in before if renew and each not in self.vendor.hooks]
        return made


@caught_by("a_renewed_webhook_signs_with_the_key_of_now")
class RenewsNoKey(SoundForge):
    """What the API calls a change leaves the key."""

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        return super().ensure_push_webhook(owner, url, name=name)


@caught_by("a_webhook_that_announces_nothing_is_replaced")
class TakesASwitchedOffWebhookForOne(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        for each in self.vendor.hooks:
            if (each.url, each.name) == (url, name) and not renew:
                return PushWebhook(id=str(each.number), url=url)
        return super().ensure_push_webhook(owner, url, name=name, renew=renew)


@caught_by("no_webhook_is_set_for_what_is_unknown")
class SetsWebhooksOfTheUnknown(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        try:
            return super().ensure_push_webhook(owner, url, name=name, renew=renew)
        except NotFound:
            return PushWebhook(id="0", url=url)


@caught_by("what_cannot_be_set_is_refused")
class SetsNoneAndSaysNothing(SoundForge):
    """Somebody believes that pushes are announced."""

    def capabilities(self) -> ForgeCapabilities:
        return super().capabilities().model_copy(update={"sets_webhooks": False})

    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        return PushWebhook(id="0", url=url)


@caught_by("what_cannot_be_set_is_refused")
class AnnouncesNothingBySetting(SoundForge):
    """It sets webhooks, and takes none."""

    def capabilities(self) -> ForgeCapabilities:
        return super().capabilities().model_copy(update={"push_webhooks": False})


@caught_by("ensure_push_webhook_answers_what_was_asked_for")
class AnswersAnotherAddress(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        made = super().ensure_push_webhook(owner, url, name=name, renew=renew)
        return made.model_copy(update={"url": f"{url}/hook"})


@caught_by("an_outage_is_said_to_be_one")
class AnOutageSetsAWebhook(SoundForge):
    def ensure_push_webhook(self, owner: str, url: str, *, name: str | None = None, renew: bool = False) -> PushWebhook:
        try:
            self.vendor.reach()
        except OSError:
            return PushWebhook(id="0", url=url)
        return super().ensure_push_webhook(owner, url, name=name, renew=renew)
