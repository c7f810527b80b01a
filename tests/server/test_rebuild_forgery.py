"""Whoever changes the ledger and computes its hashes anew is told by a rebuild, by cause and user."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TransactionKind as K
from handlers.ledger import wallet as rules
from handlers.ledger.expiry import GrantExpiry
from handlers.ledger.posting import Ledger
from handlers.payments.settlement import Settlement
from handlers.rebuild.comparison import Difference
from handlers.usage.mirrors import Mirrors
from tests.server.audited import audit
from tests.server.forger import Forger
from tests.server.money_history import History
from tests.server.node_repository import NodeRepository, line, make_key
from tests.server.payment_house import House, payment_house
from tests.server.plan_world import PlanWorld
from tests.server.test_kyc_cap import pay
from tests.server.test_rebuild import CAP, DOLLAR, MUCH, closed, rebuilt, used_history
from tests.server.usage_world import UsageWorld
from tests.server.verified import verdict


class Told:
    """What a rebuild says of a forged ledger."""

    def __init__(self, forger: Forger, database: Database, mirrors: Mirrors, cap: object) -> None:
        self.forger, self._database, self._mirrors, self._cap = forger, database, mirrors, cap

    def by(self, key: str, what: str = "transaction") -> list[Difference]:
        """The differences that name this cause, of a ledger with which the audit of its chain is content."""
        assert self.forger.told_by_the_audit() == [], key
        found = rebuilt(self._database, self._mirrors, cap=self._cap)  # type: ignore[arg-type]
        return [each for each in found.differences if (each.subject, each.what) == (key, what)]

    def changed(self, kind: K, part: str = "") -> None:
        """Another amount, and nothing at all, are told by cause and user."""
        key = self.forger.keys(kind, part)[-1]
        user = self.forger.user_of(key)
        with self.forger.forged():
            self.forger.change(key, 3)
            [found] = self.by(key)
            assert found.user_sid == user
            assert found.live is not None and found.rebuilt is not None
        with self.forger.forged():
            self.forger.delete(key)
            [found] = self.by(key)
            assert (found.user_sid, found.live) == (user, None)

    def added(self, user: str | None, kind: K, key: str, draw: object, house: House | UsageWorld) -> None:
        """A posting that nothing caused is told."""
        ledger = Ledger(self._database, house.clock)
        with self.forger.forged():
            ledger.transaction(
                lambda: ledger.post(
                    user_sid=user,
                    kind=kind,
                    key=key,
                    source=key if key.startswith("payment:") else f"payment:{key}",
                    reason="forged",
                    effective_at=house.clock.now(),
                    draw=draw,  # type: ignore[arg-type]
                )
            )
            [found] = self.by(key)
            assert (found.user_sid, found.rebuilt) == (user, None)


def test_payments_that_were_forged_are_told(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as house:
        History(house, tmp_path).everything()
        user = house.user(9)
        for top_up in [closed(house, user) for _ in range(3)]:
            pay(house, top_up)
            house.jobs()
        house.receive(house.told(top_up, Kind.REFUND_CHANGED, 400))
        house.jobs()
        verdict(database, house.clock, house.payments.settlement, user.sid)
        assert audit(database) == []
        told = Told(Forger(database), database, fetching, CAP)
        told.changed(K.PROVIDER_FEE, "txn_1")
        told.changed(K.PROVIDER_FEE, "txn_2")
        told.changed(K.KYC_HOLD)
        told.changed(K.KYC_RELEASE, "kyc_completed")
        told.changed(K.TOP_UP)
        told.changed(K.REFUND)
        told.changed(K.OVERPAYMENT)
        told.changed(K.PLAN)
        told.changed(K.GRANT)
        told.changed(K.ADJUSTMENT)
        for kind in (K.DISPUTE_HOLD, K.DISPUTE_RELEASE, K.DISPUTE_LOSS, K.DISPUTE_REINSTATED):
            told.changed(kind)
        top_up_of = partial(rules.top_up, provider="stub", amount=5 * DOLLAR)
        told.added(user.sid, K.TOP_UP, "payment:stub:pi_forged", top_up_of, house)
        told.added(
            None, K.PROVIDER_FEE, "fee:stub:txn_9", partial(rules.provider_fee, provider="stub", amount=5), house
        )

        with told.forger.forged():
            database.execute("UPDATE \"user\" SET kyc_status = 'completed' WHERE mycelium_address = '400::3'")
            [verified] = rebuilt(database, fetching).differences
            assert (verified.what, verified.live, verified.rebuilt) == ("verification", "verified", None)
            database.execute("UPDATE \"user\" SET kyc_status = 'pending' WHERE mycelium_address = '400::3'")
        first, second = told.forger.keys(K.TOP_UP)[-2:]
        with told.forger.forged():
            told.forger.swap(first, second)
            [order] = told.by(first, "order") + told.by(second, "order")
            assert order.user_sid == user.sid and order.subject == second


def test_usage_that_was_forged_is_told(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    mirrors = Mirrors(tmp_path / "mirrors", fetching.fetchers)
    world = UsageWorld(database, mirrors)
    used_history(world, tmp_path)
    world.audit()
    told = Told(Forger(database), database, mirrors, MUCH)
    for kind in (K.USAGE, K.USAGE_VOID, K.GRANT, K.ADJUSTMENT, K.PLAN):
        told.changed(kind)
    expiry = told.forger.keys(K.GRANT_EXPIRY)[-1]
    user = told.forger.user_of(expiry)
    with told.forger.forged():
        told.forger.delete(expiry)
        world.clock.time += timedelta(days=1)
        found = rebuilt(database, mirrors, cap=MUCH).differences
        assert [each for each in found if each.user_sid == user and (each.live, each.what) == (None, "transaction")]
    first, second = told.forger.keys(K.USAGE)[0], told.forger.keys(K.PLAN)[0]
    with told.forger.forged():
        told.forger.swap(first, second)
        assert told.by(first, "order") + told.by(second, "order")


def test_a_plan_that_was_renewed_at_another_time_is_told(database: Database, fetching: Mirrors) -> None:
    """Both times of the ledger, or either of them; and the audit tells the one that the purchase has, too."""
    world = PlanWorld(database)
    user = world.user(verified=False)
    verdict(database, world.clock, Settlement(database, world.clock, CAP), user)
    world.pay(user, 40)
    world.buy(user)
    world.renew(user)
    world.jump(days=30, hours=1)
    assert world.ends.run_once() == 1
    world.audit()
    told = Told(Forger(database), database, fetching, CAP)
    bought, renewed = told.forger.keys(K.PLAN)
    for columns in (("effective_at", "posted_at"), ("effective_at",), ("posted_at",)):
        with told.forger.forged():
            told.forger.move(renewed, timedelta(days=1), *columns)
            [found] = told.by(renewed)
            assert found.user_sid == user and found.live != found.rebuilt, columns
            wrong = [each.subject for each in audit(database) if each.check == "plan"]
            assert wrong == [renewed.removeprefix("plan:")] * ("effective_at" in columns)
    with told.forger.forged():
        told.forger.move(bought, timedelta(days=-1), "effective_at", "posted_at")
        assert told.by(bought)
    assert rebuilt(database, fetching).differences == []


def test_a_grant_that_was_ended_before_its_time_is_told(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    """Whoever wrote it says that it was later: other rows say when it was, and the clock where nothing came after."""
    mirrors = Mirrors(tmp_path / "mirrors", fetching.fetchers)
    world = UsageWorld(database, mirrors)
    user, node = world.user(), NodeRepository(tmp_path / "n1", make_key(tmp_path))
    world.register(node)
    world.book.adjustments.grant(
        world.book.context,
        user_sid=user,
        amount=Money(DOLLAR),
        reason="welcome",
        expires_at=world.clock.now() + timedelta(days=10),
    )
    now = world.clock.now()
    world.clock.time += timedelta(days=11)
    assert GrantExpiry(world.ledger).run_once() == 1
    sound = rebuilt(database, mirrors, now=world.clock.now())
    assert (sound.differences, sound.taken_over) == ([], {"grant_expiry": 1}), "nothing but the ledger says when it was"
    world.clock.time = now
    for _ in range(2):  # with nothing behind it, and with a commit
        found = rebuilt(database, mirrors, now=now).differences
        [ended] = [each for each in found if each.what == "transaction" and "breakage" in str(each.live)]
        assert (ended.user_sid, ended.rebuilt) == (user, None)
        node.push(line(1, user))
        world.run()
    later = rebuilt(database, mirrors, now=now + timedelta(days=20)).differences
    [usage] = [each for each in later if each.what == "transaction" and "llm" in each.subject]
    assert ":granted" in str(usage.rebuilt) and ":receivable" in str(usage.live), "it was there to be used"
