"""What all peers share: the tables, the answer's model, and each operation twice, by ORM and by kept SQL text.

The tables are those our own migration made in the file `BENCH_DATABASE` names; `BENCH_MODE` is `orm` or `sql`.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import peewee
from pydantic import BaseModel

DATABASE = peewee.SqliteDatabase(
    os.environ.get("BENCH_DATABASE", ":memory:"), pragmas={"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
)

execute: Callable[[str, tuple[object, ...]], Any] = DATABASE.execute_sql


class Account(peewee.Model):
    sid = peewee.CharField(primary_key=True)
    email = peewee.TextField(unique=True)
    display_name = peewee.TextField(null=True)
    country = peewee.TextField()
    active = peewee.BooleanField()
    visits = peewee.BigIntegerField()
    created_at = peewee.BigIntegerField()

    class Meta:
        database = DATABASE
        table_name = "account"


class Visit(peewee.Model):
    sid = peewee.CharField(primary_key=True)
    key = peewee.TextField(unique=True)
    email = peewee.TextField()
    seconds = peewee.BigIntegerField()

    class Meta:
        database = DATABASE
        table_name = "visit"


class AccountOut(BaseModel):
    sid: str
    email: str
    display_name: str | None
    country: str
    active: bool
    visits: int
    created_at: datetime


COLUMNS = "sid, email, display_name, country, active, visits, created_at"
READ = f"SELECT {COLUMNS} FROM account WHERE sid = ?"  # noqa: S608
PAGE = f"SELECT {COLUMNS} FROM account WHERE sid > ? ORDER BY sid LIMIT ?"  # noqa: S608
WRITE = "INSERT INTO visit (sid, key, email, seconds) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING sid"


def out(row: tuple[Any, ...]) -> AccountOut:
    sid, email, display_name, country, active, visits, created_at = row
    return AccountOut(
        sid=sid,
        email=email,
        display_name=display_name,
        country=country,
        active=bool(active),
        visits=visits,
        created_at=datetime.fromtimestamp(created_at, UTC),
    )


def _out_of(account: Account) -> AccountOut:
    return out(tuple(getattr(account, name) for name in COLUMNS.split(", ")))


def read_orm(sid: str) -> AccountOut:
    return _out_of(Account.get(Account.sid == sid))


def read_sql(sid: str) -> AccountOut:
    return out(execute(READ, (sid,)).fetchone())


def page_orm(limit: int) -> list[AccountOut]:
    return [_out_of(account) for account in Account.select().order_by(Account.sid).limit(limit)]


def page_sql(limit: int) -> list[AccountOut]:
    return [out(row) for row in execute(PAGE, ("", limit)).fetchall()]


def write_orm(key: str, email: str, seconds: int) -> bool:
    with DATABASE.atomic():
        done = (
            Visit.insert(sid=os.urandom(13).hex(), key=key, email=email, seconds=seconds)
            .on_conflict(conflict_target=[Visit.key], action="IGNORE")
            .execute()
        )
    return bool(done)


def write_sql(key: str, email: str, seconds: int) -> bool:
    with DATABASE.atomic("IMMEDIATE"):
        return execute(WRITE, (os.urandom(13).hex(), key, email, seconds)).fetchone() is not None


ORM = os.environ.get("BENCH_MODE") == "orm"
read: Callable[[str], AccountOut] = read_orm if ORM else read_sql
page: Callable[[int], list[AccountOut]] = page_orm if ORM else page_sql
write: Callable[[str, str, int], bool] = write_orm if ORM else write_sql
