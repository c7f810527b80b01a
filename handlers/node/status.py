"""How a node is: what its log holds, and what of it was pushed."""

from __future__ import annotations

from pathlib import Path

from handlers.node.folder import NodeFolder
from handlers.node.log import UsageLog
from handlers.node.repository import UsageRepository, require_sound
from handlers.node.signing_key import SigningKey


def status(directory: Path) -> dict[str, object]:
    """In words of JSON; what is not known is absent. Raises `NodeError`."""
    folder = NodeFolder.open(directory)
    with UsageLog(directory) as log:
        state = log.state()
    key = SigningKey.read(folder.key)
    with require_sound(directory):
        repository = UsageRepository(folder, key)
        pushed, waiting = repository.pushed, repository.waiting(state.sizes)
    told = {
        "node_id": folder.node_id,
        "stream_id": folder.stream_id,
        "public_key": key.public,
        "repo_url": folder.repo_url,
        "records": state.records,
        "last_record_at": f"{state.last_at.isoformat()[:19]}Z" if state.last_at else None,
        "pushed_commit": str(pushed) if pushed else None,
        "not_pushed": waiting,
    }
    return {name: value for name, value in told.items() if value is not None}
