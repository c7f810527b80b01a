"""Pushes that a forge announces: the node's repository is consumed at once instead of at the next poll.

Nothing depends on an announcement: one that is lost, or comes while this process ends, is made up for by the poll. So
it is not kept, and may come any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.runtime.context import Clock, Context
from codegen.runtime.rpc.wiring import Webhook
from generated.models.onboarding import Node, PushNotice, WebhookEvent, WebhookRequest
from generated.services.onboarding import ForgeWebhook
from handlers.usage.forges import PREFIX, Forges
from handlers.usage.nodes import Nodes

DECLARED = "forge"
"""The forge whose webhook the schema declares; the others' are at `/webhooks/<name>`."""


class Pushes:
    """Takes announcements of `forges`; `consume` is told the nodes that they name, and does not let us wait."""

    def __init__(self, forges: Forges, nodes: Nodes, consume: Callable[[str], None], clock: Clock) -> None:
        self._forges, self._nodes, self._consume, self._clock = forges, nodes, consume, clock

    def receive(self, forge: str, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Answer at once; a push that was consumed already is a duplicate. Raises `InvalidSignature`,
        `WebhookMalformed`."""
        now = self._clock.now().replace(microsecond=0)
        request = WebhookRequest(headers=dict(headers), body=body, received_at=now)
        head, push = self._forges.read(forge, request)
        nodes = [] if push is None else self._nodes_of(forge, push)
        new = [node.node_id for node in nodes if push is not None and node.last_commit != push.after]
        for node_id in new:
            self._consume(node_id)
        return WebhookEvent(provider=forge, event_id=head.event_id, duplicate=bool(nodes) and not new)

    def _nodes_of(self, forge: str, push: PushNotice) -> list[Node]:
        """The nodes that are read from the branch: by its name the one that it is for, where that holds."""
        named = self._nodes.get(push.name.removeprefix(PREFIX))
        if named is not None and self._is_read_from(forge, push, named):
            return [named]
        return [node for node in self._nodes.read_from() if self._is_read_from(forge, push, node)]

    def _is_read_from(self, forge: str, push: PushNotice, node: Node) -> bool:
        return node.branch == push.branch and self._forges.holds(forge, node.repo_url, push)


class ForgeWebhookHandler(ForgeWebhook):
    """The webhook that the schema declares."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    def receive(self, context: Context, *, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Take what came in; the signature is checked first."""
        return self._pushes.receive(DECLARED, body, headers)


def other_webhooks(forges: Forges, pushes: Pushes) -> list[Webhook]:
    """Those of forges that no schema declares."""

    def route(name: str) -> Webhook:
        def call(context: Context, body: bytes, headers: Mapping[str, str]) -> bytes:
            return pushes.receive(name, body, headers).model_dump_json().encode()

        return Webhook(name, f"/webhooks/{name}", call)

    return [route(name) for name in forges.announcing() if name != DECLARED]
