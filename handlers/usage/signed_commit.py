"""A commit as its raw bytes: parent, time, signature, and whether a key of the node was good for it then."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from generated.models.onboarding import HaltReason, NodeKey
from handlers.usage.halt import Halt
from handlers.usage.ssh_signature import BadSignature, raw_key, read_signature

_WHO = re.compile(rb"[^\n]*> (\d{1,10}) [+-]\d{4}")


_LATEST = 2**32 - 1


def told_time(seconds: int) -> datetime:
    """A commit's own time, as far as a time can be kept: it may tell anything."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC)


@dataclass(frozen=True, slots=True)
class SignedCommit:
    """`at` is the committer's time. `signed` is what the signature is of: the commit without its header `gpgsig`."""

    parent: str | None
    at: datetime
    signature: bytes | None
    signed: bytes


def read_commit(commit: str, raw: bytes) -> SignedCommit:
    """Take the raw bytes of a commit apart. Raises `Halt`: each header stands there once, so that git and we read the
    same commit; history is linear."""
    head, blank, message = raw.partition(b"\n\n")
    headers = re.split(rb"\n(?! )", head)
    names = [header.partition(b" ")[0] for header in headers]
    single = [name for name in names if name != b"parent"]
    times = [_WHO.fullmatch(header.partition(b" ")[2]) for header in headers if header.startswith(b"committer ")]
    if not blank or len(set(single)) != len(single) or len(times) != 1 or times[0] is None:
        raise Halt(HaltReason.FORBIDDEN_CHANGE, "the headers of the commit are malformed", commit=commit)
    if len(names) - len(single) > 1:
        raise Halt(HaltReason.REWRITTEN_HISTORY, "the commit is a merge", commit=commit)
    signature = next((header for header in headers if header.startswith(b"gpgsig ")), None)
    kept = [header for header in headers if header is not signature]
    return SignedCommit(
        next((header[7:].decode("ascii", "replace") for header in headers if header.startswith(b"parent ")), None),
        told_time(int(times[0][1])),
        None if signature is None else signature.partition(b" ")[2].replace(b"\n ", b"\n"),
        b"\n".join(kept) + b"\n\n" + message,
    )


def require_signature(commit: str, read: SignedCommit, keys: Iterable[NodeKey], not_before: datetime | None) -> None:
    """Raises `Halt` unless one of the keys, valid then, signed the commit.

    It was signed at its own time, but not before the commit that it follows (`not_before`): a key that was revoked
    meanwhile cannot be used by a clock that is set back.
    """

    def bad(detail: str) -> Halt:
        return Halt(HaltReason.BAD_SIGNATURE, detail, commit=commit)

    if read.signature is None:
        raise bad("the commit is not signed")
    at = max(read.at, not_before) if not_before is not None else read.at
    try:
        found = read_signature(read.signature)
        known = [key for key in keys if raw_key(key.public_key) == found.key]
        if not known:
            raise bad("the commit is signed with a key that is not registered for this node")
        begun = [key for key in known if key.valid_from <= read.at]
        if not any(key.valid_until is None or at < key.valid_until for key in begun):
            then = at if begun else read.at
            raise bad(f"the commit is signed with a key of this node that was not valid at {then:%Y-%m-%dT%H:%M:%SZ}")
        found.verify(read.signed)
    except BadSignature as error:
        raise bad(str(error)) from None
