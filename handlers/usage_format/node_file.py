"""`node.json`, the one file beside usage: it stands in the first commit of a node's repository and never changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from json import dumps, loads

from handlers.usage_format.fields import matched, moment, time
from handlers.usage_format.record import SCHEMA

NAME = "node.json"
_node_id = matched("node_id", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "the name of a node")
_created_at = time("created_at")


class InvalidNodeFile(ValueError):
    """It is no `node.json`; the message says why."""


@dataclass(frozen=True, slots=True)
class NodeFile:
    """Whose repository it is, and since when; `created_at` is UTC in whole seconds."""

    node_id: str
    created_at: datetime

    def written(self) -> bytes:
        """Canonical JSON and a line feed. Raises `InvalidNodeFile`."""
        at = f"{self.created_at.isoformat()[:19]}Z"
        _check({"created_at": at, "node_id": self.node_id})
        fields = {"created_at": at, "node_id": self.node_id, "schema": SCHEMA}
        return f"{dumps(fields, separators=(',', ':'), sort_keys=True)}\n".encode()

    @classmethod
    def read(cls, data: bytes) -> NodeFile:
        """Raises `InvalidNodeFile`."""
        try:
            fields = loads(data)
        except (ValueError, RecursionError):
            raise InvalidNodeFile(f"{NAME} is no JSON") from None
        if not isinstance(fields, dict) or fields.keys() != {"created_at", "node_id", "schema"}:
            raise InvalidNodeFile(f"{NAME} does not have the fields created_at, node_id, schema")
        if fields["schema"] != SCHEMA:
            raise InvalidNodeFile(f"`schema` of {NAME} is not {SCHEMA}")
        _check(fields)
        read = moment(fields["created_at"])
        assert read is not None
        return cls(fields["node_id"], read)


def _check(fields: dict[str, object]) -> None:
    for field in (_node_id, _created_at):
        fault = field.fault(fields[field.name])
        if fault:
            raise InvalidNodeFile(f"`{field.name}` {fault}")
