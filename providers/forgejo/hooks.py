"""The webhooks that Forgejo sends pushes by: found, made, and those that are wrong taken away.

What the API leaves to its callers: it makes a second webhook for the same address without a word, never shows the key
that one signs with, and where one is changed Forgejo leaves the old key, which Gitea does not. So one that is to have
another key is made anew, before the old one goes, and of several at one address the newest good one stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from codegen.runtime.errors import NotFound
from generated.errors.onboarding import ProviderUnavailable
from providers.forgejo.calls import NAME, Api, JsonObject, unreadable
from providers.forgejo.pages import LIMIT, Page

KINDS = {"forgejo", "gitea"}
"""The kinds of webhooks whose body is the event as it is."""
KIND = "gitea"
"""What is made: Forgejo and Gitea both know it."""
EVERY_BRANCH = {"", "*", "**"}
MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook at the address that was asked for. `good` tells of pushes in a form that can be read."""

    number: int
    good: bool


class Hooks:
    """The webhooks below `path`: of a repository (`/repos/o/r/hooks`) or of an organization (`/orgs/o/hooks`)."""

    def __init__(self, api: Api, path: str) -> None:
        self._api, self._path = api, path

    def good(self, url: str) -> Hook | None:
        """The newest one that announces pushes at `url`. Raises as `Api.get` does."""
        return _newest(self._at(url))

    def ensure(self, url: str, key: str, renew: bool) -> Hook:
        """The one that announces pushes at `url`, and no other beside it there; with `renew` it is a new one.

        Raises as `Api.post` does.
        """
        found = self._at(url)
        if renew or _newest(found) is None:
            self._api.post(self._path, _wanted(url, key))
            found = self._at(url)  # also what somebody else made meanwhile
        kept = _newest(found)
        if kept is None:
            raise ProviderUnavailable(provider=NAME, detail="the webhook that was made is not in its list")
        for each in found:
            if each != kept:
                with suppress(NotFound):
                    self._api.delete(f"{self._path}/{each.number}")
        return kept

    def _at(self, url: str) -> list[Hook]:
        return [Hook(_number(each), _is_good(each)) for each in self._every() if _config(each).get("url") == url]

    def _every(self) -> Iterator[Mapping[str, Any]]:
        page: Page | None = Page()
        for _ in range(MOST_PAGES):
            if page is None:
                return
            answer = self._api.get(self._path, page=page.number, limit=LIMIT)
            found = answer.json()
            if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
                raise unreadable()
            yield from found
            page = page.next(len(found), answer.headers.get("link"), answer.headers.get("x-total-count"))


def _wanted(url: str, key: str) -> JsonObject:
    """`active` is said, for without it the API makes one that sends nothing."""
    config = {"url": url, "content_type": "json", "secret": key}
    return {"type": KIND, "config": config, "events": ["push"], "active": True}


def _newest(hooks: list[Hook]) -> Hook | None:
    return max((each for each in hooks if each.good), key=lambda each: each.number, default=None)


def _is_good(told: Mapping[str, Any]) -> bool:
    """One that sends forms signs something else than what it sends; its events come in any order."""
    events = told.get("events")
    return (
        told.get("active") is True
        and told.get("type") in KINDS
        and _config(told).get("content_type") == "json"
        and isinstance(events, list)
        and "push" in events
        and (told.get("branch_filter") or "") in EVERY_BRANCH
    )


def _config(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The address stands here; what Gitea calls `url` beside it is a page about the webhook."""
    found = told.get("config")
    return found if isinstance(found, dict) else {}


def _number(told: Mapping[str, Any]) -> int:
    number = told.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise unreadable()
    return number
