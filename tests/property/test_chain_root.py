"""Many chains hold what one does: users' entries in their order, accounts' sums; and nothing in them can be changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chain_root import Head, Root, breaks, chain_of, first, follow
from handlers.hash_chain import digest

HOUSE = "revenue:llm"
Entry = dict[str, object]


@dataclass
class Chains:
    """So many chains in memory, and the entries since the last root."""

    number: int
    entries: list[list[Entry]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entries = [[] for _ in range(self.number)]

    def post(self, user: str, amount: int) -> None:
        chain = self.entries[chain_of(user, self.number)]
        for account, part in ((user, -amount), (HOUSE, amount)):
            previous = chain[-1]["hash"] if chain else Head().hash
            entry: Entry = {"account": account, "amount": part, "previous_hash": previous, "hash": None}
            chain.append({**entry, "hash": digest(entry)})

    @property
    def heads(self) -> list[Head]:
        return [Head(len(chain), str(chain[-1]["hash"])) if chain else Head() for chain in self.entries]

    def of(self, account: str) -> list[object]:
        return [entry["amount"] for chain in self.entries for entry in chain if entry["account"] == account]

    def sums(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for chain in self.entries:
            for entry in chain:
                found[str(entry["account"])] += int(str(entry["amount"]))
        return found


POSTINGS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 10**12)), max_size=20)


@given(POSTINGS, st.integers(1, 5))
def test_many_chains_hold_what_one_does(postings: list[tuple[str, int]], number: int) -> None:
    one, many = Chains(1), Chains(number)
    for user, amount in postings:
        one.post(user, amount)
        many.post(user, amount)
    assert many.sums() == one.sums() and sum(many.sums().values()) == 0
    for user in "abcdefgh":
        assert many.of(user) == one.of(user)
        assert sum(any(entry["account"] == user for entry in chain) for chain in many.entries) <= 1


@given(POSTINGS, POSTINGS, st.integers(1, 5), st.data())
def test_a_root_holds_all_chains(
    before: list[tuple[str, int]], after: list[tuple[str, int]], number: int, data: st.DataObject
) -> None:
    chains = Chains(number)
    roots: list[Root] = [first(number)]
    begun = [0] * number
    for postings in (before, after):
        for user, amount in postings:
            chains.post(user, amount)
        added = [chain[start:] for chain, start in zip(chains.entries, begun, strict=True)]
        roots.append(follow(roots[-1], chains.heads))
        assert list(breaks(roots[-2], roots[-1], added)) == []
        begun = [len(chain) for chain in chains.entries]
    filled = [chain for chain in added if chain]
    if filled:  # whatever is changed, left out or put elsewhere is found
        chain = data.draw(st.sampled_from(filled))
        place = data.draw(st.integers(0, len(chain) - 1))
        match data.draw(st.sampled_from(["change", "leave out", "swap"])):
            case "change":
                chain[place] = {**chain[place], "amount": 0}
            case "leave out":
                del chain[place]
            case _:
                chain[place - 1], chain[place] = chain[place], chain[place - 1]
        assert list(breaks(roots[-2], roots[-1], added))
    assert list(breaks(roots[0], roots[-1], added)), "a root was left out"
