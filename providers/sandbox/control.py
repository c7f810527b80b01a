"""`/_control`: the sandbox's switches and acts, for tests and for people who try things out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from providers.sandbox.delivery import Deliveries
from providers.sandbox.store import Store
from providers.sandbox.switches import Switch, count, flag, one_of, seconds, word

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vendor:
    """`switches` by their names. `acts`: name → (what it does and needs, the act).  `published`: test keys."""

    switches: Mapping[str, Switch]
    acts: Mapping[str, tuple[str, Callable[[JsonObject], JsonObject]]]
    published: Mapping[str, str]


WEBHOOK_SWITCHES: Mapping[str, Switch] = {
    "webhook_url": word("where this vendor's webhooks go"),
    "webhooks": one_of("send (default), hold (until the act `release`), or drop", "send", "hold", "drop"),
    "webhook_copies": count("how often each event is delivered (default 1)"),
    "webhook_delay": seconds("seconds before the first delivery"),
    "webhook_forge": flag("true: a forged copy goes out before the real one"),
}


class Control:
    """`GET` documents; `POST /_control/<vendor>` takes `{"switch": value, …}` or `{"act": name, …}`."""

    def __init__(self, store: Store, deliveries: Deliveries, vendors: Mapping[str, Vendor]) -> None:
        self._store, self._deliveries, self._vendors = store, deliveries, vendors

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {
            name: {
                "switches": {name: each.text for name, each in ({**WEBHOOK_SWITCHES, **vendor.switches}).items()},
                "acts": {
                    "release": "let held webhooks go; order: in_order, reversed, shuffled, or a list of events",
                    "repeat": "deliver an event once more; event",
                    **{k: v[0] for k, v in vendor.acts.items()},
                },
                "published": dict(vendor.published),
            }
            for name, vendor in self._vendors.items()
        }

    def on_get_vendor(self, req: falcon.Request, resp: falcon.Response, vendor: str) -> None:
        self._vendor(vendor)
        resp.media = {"switches": self._store.switches(vendor), "deliveries": self._store.deliveries(vendor)}

    def on_post_vendor(self, req: falcon.Request, resp: falcon.Response, vendor: str) -> None:
        known = self._vendor(vendor)
        asked: Any = req.get_media()
        if not isinstance(asked, dict):
            raise falcon.HTTPBadRequest(title="send an object of switches, or an act", description="see GET /_control")
        if "act" in asked:
            resp.media = self._act(vendor, known, asked)
            return
        switches = {**WEBHOOK_SWITCHES, **known.switches}
        unknown = sorted(asked.keys() - switches.keys())
        if unknown:
            raise falcon.HTTPBadRequest(title=f"no such switch: {', '.join(unknown)}", description="see GET /_control")
        for name, value in asked.items():
            if value is not None and not switches[name].takes(value):
                raise falcon.HTTPBadRequest(title=f"{name} takes no {value!r}"[:200], description=switches[name].text)
        for name, value in asked.items():
            self._store.set_switch(vendor, name, value)
        resp.media = self._store.switches(vendor)

    def _vendor(self, name: str) -> Vendor:
        if name not in self._vendors:
            raise falcon.HTTPNotFound(title=f"no vendor {name!r}", description="see GET /_control")
        return self._vendors[name]

    def _act(self, name: str, vendor: Vendor, asked: JsonObject) -> JsonObject:
        act = str(asked["act"])
        if act == "release":
            order = asked.get("order", "in_order")
            if not isinstance(order, (str, list)):
                raise falcon.HTTPBadRequest(
                    title="order is a word or a list of events", description="see GET /_control"
                )
            return {"released": self._deliveries.release(name, order)}
        if act == "repeat":
            return {"repeated": self._deliveries.repeat(name, asked.get("event", ""))}
        if act not in vendor.acts:
            raise falcon.HTTPBadRequest(title=f"no such act: {act}", description="see GET /_control")
        try:
            with self._store.transaction():
                return vendor.acts[act][1](asked)
        except KeyError as missing:
            raise falcon.HTTPBadRequest(title=f"{act} needs {missing}", description="see GET /_control") from None
        except (AttributeError, TypeError, ValueError, sqlite3.Error):
            raise falcon.HTTPBadRequest(title=f"{act} takes other values", description=vendor.acts[act][0]) from None
