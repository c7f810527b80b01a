"""A verification that comes to an end by the verdict of a provider, for tests in which it is only a way to a user."""

from __future__ import annotations

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import KycStatus, KycVerdict
from handlers.kyc.credit import HeldCredit
from handlers.kyc.verdicts import Received, Verdicts
from handlers.payments.settlement import Settlement


def verdict(
    database: Database, clock: Clock, settlement: Settlement, user_sid: str, status: KycStatus = KycStatus.COMPLETED
) -> None:
    """A new attempt of a user, and what the provider decided about it."""
    held = HeldCredit(settlement.ledger.transaction, settlement.release)
    verdicts = Verdicts(database, clock, held)
    name, at = new_sid(), clock.now().replace(microsecond=0)

    def work() -> None:
        verdicts.sessions.new(
            {
                "user_sid": user_sid,
                "provider": "stub",
                "client_id": name,
                "scan_ref": f"scan-{name}",
                "redirect_url": f"https://stub.example/{name}",
                "created_at": at,
            },
            at,
        )
        found = KycVerdict(event_id=name, scan_ref=f"scan-{name}", final=True, status=status, tags=[])
        assert verdicts.take("stub", Received(name, found, at), asked=False)

    held.transaction(work)
