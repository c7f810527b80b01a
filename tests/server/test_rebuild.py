"""A rebuild comes to the same ledger to the nano-dollar, and says where a live one was changed; on both databases."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import QuarantineReason, TopUp, User
from generated.tables.onboarding import NODE
from handlers.audit import findings
from handlers.cli import main
from handlers.composition import registered_audits
from handlers.ledger.expiry import GrantExpiry
from handlers.payments.settlement import Settlement
from handlers.prices.settings import PriceSettings
from handlers.rebuild.rebuild import NotFresh, Rebuilt, rebuild
from handlers.usage.mirrors import Mirrors
from tests.migrated import migrate
from tests.server.audited import audit
from tests.server.bought_plan import buy_plan
from tests.server.forger import without_triggers
from tests.server.money_history import History
from tests.server.node_repository import USED_AT, NodeRepository, encoded, line, make_key
from tests.server.payment_house import House, payment_house
from tests.server.plan_world import PlanWorld
from tests.server.test_kyc_cap import pay
from tests.server.usage_world import PRICES, UsageWorld
from tests.server.verified import verdict

DOLLAR = 10**9
CAP = Money(15 * DOLLAR)
MUCH = Money(100 * DOLLAR)
PROVED = [each for each in registered_audits() if each.name.startswith(("ledger.accounts", "ledger.entries", "usage."))]
"""What must hold of a rebuilt ledger as well; it has no top-ups and purchases."""


def rebuilt(
    live: Database,
    mirrors: Mirrors,
    prices: PriceSettings = PRICES,
    cap: Money = CAP,
    now: datetime = USED_AT + timedelta(days=9999),
) -> Rebuilt:
    fresh = Database.open("sqlite:///:memory:")
    try:
        migrate(fresh)
        found = rebuild(live, fresh, mirrors, prices, cap, now)
        assert list(findings(fresh, PROVED)) == []
        return found
    finally:
        fresh.close()


def closed(house: House, user: User) -> TopUp:
    """A checkout that its user closed, and pays all the same."""
    top_up = house.top_up(user)
    house.payments.checks.cancel(top_up.sid)
    return top_up


def used_history(world: UsageWorld, tmp_path: Path) -> str:
    """Usage of two nodes with all that may become of it; the user who pays for most of it."""
    key = make_key(tmp_path)
    one, two = NodeRepository(tmp_path / "n1", key), NodeRepository(tmp_path / "n2", key, "n2")
    user, poor = world.user(20), world.user()
    early = world.user(1, USED_AT - timedelta(days=8))
    world.register(one)
    world.register(two)
    one.push(line(1, user), line(2, early), line(3, poor, amount_cents=5, cost=None))
    two.push(line(1, user, node_id="n2"), line(2, user, node_id="n2", occurred_at="2026-01-01T00:00:00Z"))
    world.run()
    adjustments, context = world.book.adjustments, world.book.context
    until = world.clock.now() + timedelta(days=1)
    adjustments.grant(context, user_sid=user, amount=Money(3 * DOLLAR), reason="welcome", expires_at=until)
    buy_plan(world.ledger, user, 10 * DOLLAR, world.clock.now())
    world.book.later(60)
    one.push(line(4, user, void="n1/5f0c/1", quantity="0", cost=None), line(5, poor))
    bad = encoded(line(6, user)).replace(b"}", b" }")
    one.write("usage/usage_2026-05-20-21.jsonl", bad)
    one.push(line(7, user), path="usage/usage_2026-05-20-22.jsonl")
    two.push(line(4, early, node_id="n2"))  # a number is missing: left out whole
    world.run()
    world.skip(line=1, path="usage/usage_2026-05-20-21.jsonl")
    world.skip("n2")
    [old] = [each for each in world.quarantine() if each.reason == QuarantineReason.TIME_OUT_OF_BOUNDS]
    world.service.quarantine_accept(world.operator, sid=old.sid, reason="late")
    two.push(line(5, early, node_id="n2"), line(6, "nobody", node_id="n2"))
    one.push(line(8, user))
    world.run()
    rejected = next(each for each in world.quarantine() if each.reason == QuarantineReason.UNKNOWN_USER)
    world.service.quarantine_reject(world.operator, sid=rejected.sid, reason="who?")
    adjustments.grant(context, user_sid=early, amount=Money(DOLLAR), reason="welcome", expires_at=until)
    world.clock.time += timedelta(days=2)
    assert GrantExpiry(world.ledger).run_once() == 1
    adjustments.set_balance(context, sid=poor, balance_cents=-250)
    adjustments.set_balance(context, sid=user, balance_cents=777)
    one.push()
    world.run()
    return user


def test_usage_is_rebuilt_from_git(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    mirrors = Mirrors(tmp_path / "mirrors", fetching.fetchers)
    world = UsageWorld(database, mirrors)
    user = used_history(world, tmp_path)
    world.audit()
    assert [node.state.value for node in (world.node(), world.node("n2"))] == ["active", "active"]
    assert rebuilt(database, mirrors, cap=MUCH).differences == []

    nodes, node = Store.of(NODE, database), world.node()
    until = USED_AT + timedelta(hours=1, seconds=2)  # from the second commit on
    nodes.patch(node.sid, {"keys": [key.model_copy(update={"valid_until": until}) for key in node.keys]})
    kept = mirrors.open("n1").references["refs/kept/consumed"].target
    stopped = rebuilt(database, mirrors, cap=MUCH).differences
    assert stopped[0].subject == "node n1" and str(stopped[0].rebuilt).startswith("bad_signature at commit ")
    assert {each.what for each in stopped} > {"replay", "account", "usage", "commit", "day", "transaction"}
    assert mirrors.open("n1").references["refs/kept/consumed"].target == kept == world.node().last_commit
    nodes.patch(node.sid, {"keys": node.keys})

    without_triggers(database)
    record = world.records()[0]
    database.execute(database.prepare("UPDATE usage_record SET charge = charge + 1 WHERE sid = ?"), (record.sid,))
    [charge] = rebuilt(database, mirrors, cap=MUCH).differences
    assert (charge.what, charge.subject, charge.user_sid) == ("usage", "n1/5f0c/1", user)
    assert charge.live is not None and charge.live.startswith("0.011000001 of 0.011 ")
    assert charge.rebuilt is not None and charge.rebuilt.startswith("0.011 of 0.011 ")
    database.execute(database.prepare("UPDATE usage_record SET charge = charge - 1 WHERE sid = ?"), (record.sid,))
    for account, amount in ((f"user:{user}:purchased", 1), ("revenue:llm", -1)):
        database.execute(
            database.prepare(
                "UPDATE ledger_entry SET amount = amount + ? WHERE position = "
                "(SELECT MIN(position) FROM ledger_entry WHERE account = ? AND source LIKE 'usage:n1%')"
            ),
            (amount, account),
        )
    found = rebuilt(database, mirrors, cap=MUCH)
    assert sorted({(each.what, each.user_sid) for each in found.differences}, key=str) == sorted(
        [("account", user), ("account", None), ("transaction", user)], key=str
    )
    assert all("llm" in each.subject or user in each.subject for each in found.differences)


def test_a_node_is_read_as_it_was_registered_then(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    """Operators change what it may report, whether it sets prices and which keys are good; the past stays."""
    mirrors = Mirrors(tmp_path / "mirrors", fetching.fetchers)
    world = UsageWorld(database, mirrors)
    repository, user = NodeRepository(tmp_path / "n1", make_key(tmp_path)), world.user(20)

    def register(*kinds: str, sets_prices: bool = False) -> None:
        world.book.later(1)
        world.nodes.register(
            world.operator,
            node_id="n1",
            repo_url=repository.url,
            public_key=repository.public_key,
            kinds=list(kinds),
            valid_from=USED_AT - timedelta(days=1),
            sets_prices=sets_prices,
        )

    def push(seq: int, **fields: object) -> None:
        world.book.later(1)
        repository.push(line(seq, user, **fields))
        world.run()

    register("hero_os_hour")
    push(1)
    register("hero_os_hour", "llm_token")
    push(2)
    push(3, amount_cents=5, cost=None)
    register("llm_token", sets_prices=True)
    push(4, amount_cents=5, cost=None)
    old = repository.public_key
    repository.key = make_key(tmp_path, "second")
    register("llm_token")
    world.nodes.revoke_key(world.operator, node_id="n1", public_key=old, valid_until=USED_AT)
    push(5)
    assert [each.reason.value for each in world.quarantine()] == ["kind_not_allowed", "price_not_allowed"]
    assert [each.local_seq for each in world.records()] == [2, 4, 5]
    world.audit()
    assert rebuilt(database, mirrors, cap=MUCH).differences == []

    nodes, node = Store.of(NODE, database), world.node()
    nodes.patch(node.sid, {"kinds": ["vm_hour"]})
    [told] = rebuilt(database, mirrors, cap=MUCH).differences
    assert (told.what, told.subject) == ("replay", "node n1"), "no act made it so"
    assert str(told.rebuilt).startswith("it is registered otherwise than operators' acts say: kinds")


def test_payments_are_rebuilt_from_their_events(database: Database, tmp_path: Path, fetching: Mirrors) -> None:
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as house:
        History(house, tmp_path).everything()
        user = house.user(9)
        top_ups = [closed(house, user) for _ in range(3)]
        for top_up in top_ups:
            pay(house, top_up)
            house.jobs()
        house.receive(house.told(top_up, Kind.REFUND_CHANGED, 400))
        house.jobs()
        verdict(database, house.clock, house.payments.settlement, user.sid)
        assert audit(database) == []
        found = rebuilt(database, fetching)
        assert found.differences == []
        assert found.taken_over == {}
        without_triggers(database)
        change = "UPDATE payment_event SET amount_minor = amount_minor + {} WHERE kind = 'refund_changed'"
        database.execute(change.format(1))
        changed = rebuilt(database, fetching).differences
        assert {each.what for each in changed} == {"account", "balance", "lot", "top-up", "transaction"}
        assert {each.user_sid for each in changed if each.what == "balance"} == {
            user.sid
        }  # that of others was set later
        refunds = [each for each in changed if each.what == "transaction" and ":refund:" in each.subject]
        assert refunds and refunds[0].live is not None and "cash:" in refunds[0].live
        database.execute(change.format(-1))
        text = "UPDATE credit_lot SET remaining = remaining + ? WHERE sid = ?"
        lots = database.execute("SELECT sid FROM credit_lot WHERE kind = 'purchased' AND remaining > 0 ORDER BY sid")
        for amount in (1, -1):
            database.execute(database.prepare(text), (amount, lots[0][0]))
            database.execute(database.prepare(text), (-amount, lots[1][0]))
            assert [each.what for each in rebuilt(database, fetching).differences] == ["lot", "lot"] * (amount > 0)


def test_the_command_says_what_differs(tmp_path: Path, fetching: Mirrors, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", url)
    live = Database.open(url)
    world = UsageWorld(live, Mirrors(tmp_path / "var/mirrors", fetching.fetchers))
    repository = NodeRepository(tmp_path / "n1", make_key(tmp_path))
    user = world.user(1)
    world.register(repository)
    repository.push(line(1, user))
    world.run()
    done = CliRunner().invoke(main, ["rebuild", "--json"])
    assert (done.exit_code, json.loads(done.output)) == (0, {"equal": True, "taken_over": {}, "differences": []})
    without_triggers(live)
    live.execute("UPDATE billing SET credit_balance = credit_balance - 1 WHERE user_sid = ?", (user,))
    done = CliRunner().invoke(main, ["rebuild", "--offline"])
    assert done.exit_code == 1
    assert f"balance {user} of user {user}: live balance 0.988999999" in done.output
    assert "; rebuilt balance 0.989," in done.output
    done = CliRunner().invoke(main, ["rebuild", "--offline", "--into", url])
    assert done.exit_code == 2 and "holds a ledger already" in done.output
    with pytest.raises(NotFresh):
        rebuild(live, live, fetching, PRICES, Money(0), USED_AT)


def test_plans_and_their_renewals_are_rebuilt(database: Database, fetching: Mirrors) -> None:
    """One is renewed in time, after a grant ended that its period outlived; one late, by the payment that pays it."""
    world = PlanWorld(database)
    user = world.user(verified=False)
    verdict(database, world.clock, Settlement(database, world.clock, CAP), user)
    world.pay(user, 24)
    world.buy(user)
    world.renew(user)
    until = world.clock.now() + timedelta(days=30, minutes=30)
    context, amount = world.book.context, Money(DOLLAR)
    world.book.adjustments.grant(context, user_sid=user, amount=amount, reason="welcome", expires_at=until)
    world.jump(days=30, hours=1)
    assert world.ends.run_once() == 1
    world.jump(days=30, hours=1)
    world.ends.run_once()
    world.jump(days=1)
    world.pay(user, 16)
    assert [each.renewed_from is not None for each in world.bought(user)] == [False, True, True], "the last one late"
    world.audit()
    found = rebuilt(database, fetching)
    assert found.differences == []
    assert found.taken_over == {}, "the end of the grant follows from what was posted behind it"
