"""Logs of nodes that this host keeps itself, a folder each (`handlers.node.folder`): only operators write to them."""

from __future__ import annotations

from pathlib import Path

from handlers.usage.ssh_signature import BadSignature, raw_key


def keeps_log(logs: Path, node_id: str, key: bytes) -> bool:
    """Whether the log of a node is kept below `logs`, and signed with this key."""
    try:
        return raw_key(logs.joinpath(node_id, "key.pub").read_text().strip()) == key
    except (OSError, ValueError, BadSignature):
        return False
