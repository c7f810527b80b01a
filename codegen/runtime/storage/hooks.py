"""What handlers add to the CRUD of a root object: checks and work before and after, and what `get` answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from codegen.runtime.context import Context
from codegen.runtime.storage.stored_type import M, StoredType, Values


@dataclass(frozen=True, kw_only=True)
class Hooks(Generic[M]):
    """Seven places to step in, all inside the call's transaction; what raises there undoes the call.

    `pre_` hooks may return another object to be kept (None: as it is); the object may miss `@server` fields that the
    hook fills. `set` stands for patch too: `old` is None where `set` makes a new object. `post_get` is given each
    object that `get`, `list_full` and `find` answer and may return another one to be shown.

    A transaction that met another one runs again: hooks must have no effect outside the database.
    """

    type: StoredType[M, Any, Any, Any]
    pre_new: Callable[[Context, M], M | None] | None = None
    post_new: Callable[[Context, M], None] | None = None
    pre_set: Callable[[Context, M | None, M], M | None] | None = None
    post_set: Callable[[Context, M | None, M], None] | None = None
    pre_delete: Callable[[Context, M], None] | None = None
    post_delete: Callable[[Context, M], None] | None = None
    post_get: Callable[[Context, M], M | None] | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """One write by CRUD: what an object was (None: it is new) and what it is now (None: it is gone), as it is kept.

    `reason` is why the caller wrote it, where that was said.
    """

    type: StoredType[Any, Any, Any, Any]
    verb: str
    sid: str
    before: Values | None
    after: Values | None
    reason: str | None = None


OnWrite = Callable[[Context, Write], None]
"""Called inside the transaction of a write, behind its hooks; what it raises undoes the write."""
