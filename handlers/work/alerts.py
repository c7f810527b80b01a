"""What an operator has to look at, and what a user is told: each once, however often its cause comes again."""

from __future__ import annotations

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AlertKind, NoticeKind, OperatorAlert
from generated.tables.onboarding import NOTICE, OPERATOR_ALERT
from handlers.work import statements

MOST_DETAIL = 1000


def up(database: Database, kind: AlertKind, subject: str) -> list[OperatorAlert]:
    """The alerts of a kind that are up for a subject."""
    found = Store.of(OPERATOR_ALERT, database).find({"kind": kind, "subject": subject}, limit=1000)["items"]
    return [each for each in found if each.cleared_at is None]


def alert(database: Database, clock: Clock, kind: AlertKind, subject: str, detail: str) -> None:
    """Raise an alert, or count one that is up already for this subject."""
    store = Store.of(OPERATOR_ALERT, database)

    def work() -> None:
        for known in up(database, kind, subject):
            store.patch(known.sid, {"detail": detail[:MOST_DETAIL], "count": known.count + 1})
            return
        store.new({"kind": kind, "subject": subject, "detail": detail[:MOST_DETAIL]}, clock.now())

    database.run(work)


def clear(database: Database, clock: Clock, kind: AlertKind, subject: str) -> bool:
    """Take an alert down; whether it was up."""
    store = Store.of(OPERATOR_ALERT, database)

    def work() -> bool:
        found = up(database, kind, subject)
        for known in found:
            store.patch(known.sid, {"cleared_at": clock.now().replace(microsecond=0)})
        return bool(found)

    # PERF: mostly it is not up, and then nobody waits to write.
    return bool(up(database, kind, subject)) and database.run(work)


def subjects_up(database: Database, kind: AlertKind) -> set[str]:
    """What alerts of a kind are up for."""
    store = Store.of(OPERATOR_ALERT, database)
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = store.find({"kind": kind, "cleared_at": None}, 1000, cursor)
        found |= {each.subject for each in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def unread(database: Database, user_sid: str) -> int:
    """How many notices a user has not read."""
    return int(database.execute(database.prepare(statements.UNREAD_NOTICES), (user_sid,))[0][0])


def notify(database: Database, clock: Clock, user_sid: str, kind: NoticeKind, occasion: str, text: str) -> bool:
    """Tell a user something; nobody is told twice of one occasion. Whether it was new."""
    made = Store.of(NOTICE, database).insert_once(
        {"user_sid": user_sid, "kind": kind, "occasion": occasion, "text": text}, clock.now(), ("occasion",)
    )
    return made is not None


def told(database: Database, occasion: str) -> bool:
    """Whether somebody was told of an occasion."""
    return Store.of(NOTICE, database).one({"occasion": occasion}) is not None
