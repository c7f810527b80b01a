"""Webhooks on their way: each attempt signed anew, retried like a vendor does, and whatever the switches ask for."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from codegen.runtime.client.whole_answer import certificates
from codegen.runtime.context import Clock
from providers.sandbox.store import Store

RETRY_AFTER = (1.0, 5.0, 30.0)
"""Seconds before the second, third and last attempt; vendors take hours, a test cannot."""

Sign = Callable[[bytes, int, bool], Mapping[str, str]]
"""(body, Unix time, forged) → headers."""
Seal = Callable[[bytes, bool], bytes]
"""(body, forged) → the body with its signature in it."""


def _as_it_is(body: bytes, forged: bool) -> bytes:
    return body


@dataclass(frozen=True, slots=True)
class Target:
    """Where a vendor's webhooks go, and how they are signed: by headers, or by `seal` in the body itself.

    `url` is asked each time, for it can be switched. `retry_after` are the seconds before each further attempt.
    """

    url: Callable[[], str]
    sign: Sign
    seal: Seal = _as_it_is
    retry_after: Sequence[float] = RETRY_AFTER


FindTarget = Callable[[str], Target | None]
"""The name of an event → where it goes; None where nobody wants it any more."""


class Deliveries:
    """A thread for each vendor that sends what is due, so that one whose webhooks are taken slowly delays its own only.
    Switches of a vendor: `webhooks` = `send`, `hold` or `drop`;
    `webhook_copies`, `webhook_delay` (seconds), `webhook_forge` (a forged copy goes out first).
    `targets` are where webhooks go, by vendor; a vendor whose users choose where has a function."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.targets: dict[str, Target | FindTarget] = {}
        self._wake: dict[str, threading.Event] = defaultdict(threading.Event)
        self._stopped = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for vendor in self.targets:
            thread = threading.Thread(target=self._run, args=(vendor,), name=f"webhooks {vendor}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopped = True
        for vendor in self.targets:
            self._wake[vendor].set()
        for thread in self._threads:
            thread.join(10)

    def add(self, vendor: str, event: str, body: bytes) -> None:
        """Queue an event as the vendor's switches say."""
        switches = self._store.switches(vendor)
        mode = switches.get("webhooks", "send")
        if mode == "drop":
            return
        due = self._now() + float(switches.get("webhook_delay", 0))
        if switches.get("webhook_forge"):
            self._store.add_delivery(vendor, event, body, due=due, held=mode == "hold", forged=True)
        for _ in range(int(switches.get("webhook_copies", 1))):
            self._store.add_delivery(vendor, event, body, due=due, held=mode == "hold", forged=False)
        self._wake[vendor].set()

    def release(self, vendor: str, order: str | list[str]) -> int:
        """Let held webhooks go: `in_order`, `reversed`, `shuffled`, or in the order of a list of events. Gives how
        many."""
        held = self._store.held_deliveries(vendor)
        if order == "reversed":
            held.reverse()
        elif order == "shuffled":
            random.shuffle(held)
        elif isinstance(order, list):
            places = {event: place for place, event in enumerate(order)}
            held.sort(key=lambda each: places.get(each[1], len(places)))
        for place, (number, _) in enumerate(held):
            self._store.release_delivery(number, self._now() - 1 + place / 1000)
        self._wake[vendor].set()
        return len(held)

    def repeat(self, vendor: str, event: str) -> int:
        done = self._store.repeat_delivery(vendor, event, self._now())
        self._wake[vendor].set()
        return done

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _run(self, vendor: str) -> None:
        with httpx.Client(timeout=10, follow_redirects=False, verify=certificates()) as http:
            while not self._stopped:
                for number, event, body, forged, attempts in self._store.due_deliveries(vendor, self._now()):
                    target = self._target(vendor, event)
                    if target is None:
                        self._store.settle_delivery(number, "failed", "nobody wants it", 0)
                    else:
                        self._attempt(http, number, target, body, forged, attempts)
                self._wake[vendor].wait(0.2)
                self._wake[vendor].clear()

    def _target(self, vendor: str, event: str) -> Target | None:
        found = self.targets[vendor]
        return found if isinstance(found, Target) else found(event)

    def _attempt(
        self, http: httpx.Client, number: int, target: Target, body: bytes, forged: bool, attempts: int
    ) -> None:
        headers = {"content-type": "application/json", **target.sign(body, int(self._now()), forged)}
        try:
            response = http.post(target.url(), content=target.seal(body, forged), headers=headers)
            answer, done = f"{response.status_code} {response.text[:200]}", response.is_success
        except httpx.HTTPError as error:
            answer, done = str(error) or type(error).__name__, False
        if done:
            self._store.settle_delivery(number, "delivered", answer, 0)
        elif attempts >= len(target.retry_after) or forged:
            self._store.settle_delivery(number, "failed", answer, 0)
        else:
            self._store.settle_delivery(number, "waiting", answer, self._now() + target.retry_after[attempts])
