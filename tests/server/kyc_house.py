"""Verification over a real database and a provider in memory: what is true there, and what it tells of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from codegen.runtime.context import ADMIN, Caller, Context
from codegen.runtime.errors import NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.plugins.registry import Metadata
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import InvalidSignature, ProviderUnavailable, WebhookMalformed
from generated.models.onboarding import (
    KycAttempt,
    KycCapabilities,
    KycOrder,
    KycSession,
    KycStarted,
    KycStatus,
    KycVerdict,
    User,
    WebhookHead,
    WebhookRequest,
)
from generated.plugins.onboarding import KycProvider
from generated.tables.onboarding import KYC_EVENT, KYC_SESSION, NOTICE, OPERATOR_ALERT, USER
from handlers.kyc.credit import HeldCredit
from handlers.kyc.providers import KycProviders
from handlers.kyc.service import KycHandler, Verification
from handlers.kyc.settings import KycSettings
from handlers.payments.providers import Providers
from handlers.payments.service import Payments
from handlers.payments.settings import PaymentSettings
from handlers.settings import load
from tests.migrated import migrate
from tests.server.audited import audit

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return START + self.ahead


@dataclass
class StubKyc(KycProvider):
    """Its callbacks are `KycVerdict`s as JSON; `truth` is what it answers, by attempt."""

    metadata = Metadata("stub", "1.0")
    truth: dict[str, KycVerdict] = field(default_factory=dict)
    orders: list[KycOrder] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    fetched: int = 0
    fails: Exception | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def capabilities(self) -> KycCapabilities:
        return KycCapabilities(title="Stub", manual_review=True, erasure=True, sandbox=True)

    def start(self, order: KycOrder) -> KycAttempt:
        self.orders.append(order)
        if self.fails is not None:
            raise self.fails
        ref = f"scan-{next(self._numbers)}-{order.session_sid[-6:]}"
        self.truth[ref] = verdict(ref, KycStatus.IN_PROGRESS, final=False)
        return KycAttempt(
            scan_ref=ref,
            redirect_url=f"https://stub.example/{ref}",
            expires_at=datetime.fromtimestamp(START.timestamp() + order.open_within, UTC),
        )

    def fetch(self, scan_ref: str) -> KycVerdict:
        self.fetched += 1
        if self.fails is not None:
            raise self.fails
        if scan_ref not in self.truth:
            raise NotFound
        return self.truth[scan_ref]

    def erase(self, scan_ref: str) -> None:
        self.erased.append(scan_ref)

    def verify_webhook(self, request: WebhookRequest) -> WebhookHead:
        if request.headers.get("signed") != "yes":
            raise InvalidSignature
        try:
            return WebhookHead(event_id=json.loads(request.body)["event_id"], event_type="verdict")
        except (ValueError, TypeError, KeyError):
            raise WebhookMalformed(detail="no verdict") from None

    def read_webhook(self, request: WebhookRequest) -> KycVerdict | None:
        try:
            return KycVerdict.model_validate_json(request.body)
        except ValueError:
            raise WebhookMalformed(detail="no verdict") from None


def verdict(ref: str, status: KycStatus, *, final: bool = True, at: int = 0, mark: str = "") -> KycVerdict:
    """What is said of an attempt, `at` seconds after the start of time."""
    return KycVerdict(
        event_id=f"{ref}:{status}:{final}:{at}{mark}",
        scan_ref=ref,
        final=final,
        status=status,
        tags=["A_TAG"],
        reason="The document has expired." if status == KycStatus.FAILED else None,
        occurred_at=START + timedelta(seconds=at),
    )


@dataclass
class KycHouse:
    database: Database
    clock: Clock
    provider: StubKyc
    verification: Verification
    payments: Payments

    def user(self, number: int) -> User:
        return Store.of(USER, self.database).new(
            {"mycelium_address": f"400::{number:x}", "public_key": f"{number:064x}"}, self.clock.now()
        )

    def context(self, user: User | None = None) -> Context:
        caller = ADMIN if user is None else Caller("user", user.sid)
        return Context(caller, self.clock, self.database, "test")

    def start(self, user: User) -> KycStarted:
        return KycHandler(self.verification).start(self.context(user))

    def begun(self, user: User) -> KycSession:
        """A new attempt."""
        return self.session(self.start(user).session_sid)

    def reset(self, user: User) -> User:
        return KycHandler(self.verification).reset(self.context(), user_sid=user.sid, reason="looked at it")

    def tell(self, found: KycVerdict, *, true: bool = True) -> bool:
        """A callback; it is `true` where the provider answers the same. Whether it was new."""
        if true:
            self.provider.truth[found.scan_ref] = found
        body = found.model_dump_json().encode()
        return not self.verification.callbacks.receive("stub", body, {"signed": "yes"}).duplicate

    def jobs(self) -> None:
        """Ask about what is due now."""
        for _ in range(3):
            if not self.verification.checks.run_once():
                return

    def later(self, **by: float) -> None:
        self.clock.ahead += timedelta(**by)

    def session(self, sid: str) -> KycSession:
        return Store.of(KYC_SESSION, self.database).get(sid)

    def sessions(self, user: User) -> list[KycSession]:
        return Store.of(KYC_SESSION, self.database).find({"user_sid": user.sid}, limit=1000)["items"]

    def status(self, user: User) -> tuple[KycStatus, datetime | None]:
        found = Store.of(USER, self.database).get(user.sid)
        return found.kyc_status, found.kyc_verified_at

    def events(self, session: KycSession) -> list[tuple[KycStatus, bool]]:
        items = Store.of(KYC_EVENT, self.database).find({"session_sid": session.sid}, limit=1000)["items"]
        return [(each.status, each.final) for each in items]

    def notices(self, user: User) -> list[str]:
        return [each.text for each in Store.of(NOTICE, self.database).find({"user_sid": user.sid})["items"]]

    def alerts(self) -> list[str]:
        items = Store.of(OPERATOR_ALERT, self.database).list_full(1000)["items"]
        return [each.kind for each in items if each.cleared_at is None]


@contextmanager
def kyc_house(database: Database, directory: Path, **given: Any) -> Iterator[KycHouse]:
    """Migrated, and audited in the end; `given` settings are its own."""
    migrate(database)
    clock, provider, log = Clock(), StubKyc(), Log(lambda _: None)
    common: dict[str, Any] = {"var_dir": directory, "database_url": database.url, "rate_limits": False, **given}
    payments = Payments.over(database, clock, load(PaymentSettings, **common), Providers({}), log)
    held = HeldCredit(payments.settlement.ledger.transaction, payments.settlement.release)
    verification = Verification.over(
        database, clock, load(KycSettings, **common), KycProviders({"stub": provider}), held, log
    )
    verification.attempts._wait = lambda: None
    yield KycHouse(database, clock, provider, verification, payments)
    assert audit(database) == []


SILENT = ProviderUnavailable(provider="stub", detail="no answer")
