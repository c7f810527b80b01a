"""Any order of payments, refunds, disputes, adjustments and charges leaves accounts and lots that agree."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from handlers.ledger import wallet as rules
from handlers.ledger.wallet import Lot, Wallet

AMOUNTS = st.integers(1, 10**13)


class Wallets(RuleBasedStateMachine):
    """One user; `expected` is the credit balance by plain sums, kept beside."""

    def __init__(self) -> None:
        super().__init__()
        self.balances: dict[rules.Part, int] = {}
        self.lots: dict[str, Lot] = {}
        self.ledger: dict[str, int] = {}
        self.expected = 0
        self.disputes: list[tuple[int, str]] = []

    def _post(self, draw: Callable[[Wallet], object]) -> Wallet:
        wallet = Wallet.of("u1", self.balances, self.lots.values())
        draw(wallet)
        assert sum(line.amount for line in wallet.lines) == 0
        for line in wallet.lines:
            self.ledger[line.account] = self.ledger.get(line.account, 0) + line.amount
        self.balances = dict(wallet.balances)
        self.lots |= wallet.changed
        for new in wallet.new_lots:
            sid = f"lot{len(self.lots):04}"
            self.lots[sid] = Lot(sid, new.kind, new.amount, new.remaining, sid, new.expires_at)
        return wallet

    def _some_lot(self, data: st.DataObject) -> str | None:
        return data.draw(st.sampled_from([None, *sorted(self.lots)]))

    @rule(amount=AMOUNTS)
    def top_up(self, amount: int) -> None:
        self._post(lambda wallet: rules.top_up(wallet, "stripe", amount))
        self.expected += amount

    @rule(amount=AMOUNTS, data=st.data())
    def refund(self, amount: int, data: st.DataObject) -> None:
        lot = self._some_lot(data)
        self._post(lambda wallet: rules.refund(wallet, "stripe", amount, lot))
        self.expected -= amount

    @rule(amount=AMOUNTS, data=st.data())
    def refund_failed(self, amount: int, data: st.DataObject) -> None:
        lot = self._some_lot(data)
        self._post(lambda wallet: rules.refund_failed(wallet, "stripe", amount, lot))
        self.expected += amount

    @rule(amount=AMOUNTS, data=st.data())
    def dispute(self, amount: int, data: st.DataObject) -> None:
        lot = self._some_lot(data)
        self._post(lambda wallet: rules.hold(wallet, amount, lot))
        self.disputes.append((amount, lot or ""))
        self.expected -= amount

    @rule(won=st.booleans())
    def close(self, won: bool) -> None:
        if not self.disputes:
            return
        amount, lot = self.disputes.pop()
        if won:
            self._post(lambda wallet: rules.release(wallet, amount, lot or None))
            self.expected += amount
        else:
            self._post(lambda wallet: rules.dispute_lost(wallet, "stripe", amount))

    @rule(balance=st.integers(-(10**13), 10**13))
    def adjust(self, balance: int) -> None:
        self._post(lambda wallet: rules.adjust(wallet, balance))
        self.expected = balance

    @rule(amount=AMOUNTS)
    def charge(self, amount: int) -> None:
        self._post(lambda wallet: rules.charge(wallet, "revenue:llm", amount))
        self.expected -= amount

    @invariant()
    def accounts_and_lots_agree(self) -> None:
        balances = {part: self.balances.get(part, 0) for part in rules.PARTS}
        for kind in ("purchased", "granted"):
            assert -balances[kind] == sum(lot.remaining for lot in self.lots.values() if lot.kind == kind)
        assert balances["receivable"] >= 0
        assert balances["held"] == -sum(amount for amount, _ in self.disputes)
        assert all(0 <= lot.remaining <= lot.amount for lot in self.lots.values())
        if balances["receivable"]:
            assert balances["purchased"] == 0, "debt while there is purchased credit"

    @invariant()
    def the_balance_is_the_plain_sum(self) -> None:
        balances = {part: self.balances.get(part, 0) for part in rules.PARTS}
        assert self.expected == -(balances["purchased"] + balances["granted"] + balances["receivable"])
        assert sum(self.ledger.values()) == 0


Wallets.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWallets = Wallets.TestCase
