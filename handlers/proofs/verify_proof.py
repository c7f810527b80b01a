"""Check a proof offline: `python verify_proof.py FILE [KEPT]`. Needs Python and PyNaCl alone.

Of a proof of a user's charges it checks that
- the site signed all of it with the key that signed the root of its ledger;
- each commit is signed by a key that the file gives for its node and was valid then;
- each line is the user's and what its SHA-256 says, and stands in its commit where the file holds what is in that;
- its price is the one in force at its time, its tier follows from the user's first payment that was known by then, and
  its charge from both, rounded once, half to even;
- the lines of a posting add up to what it took from the user's accounts, and every charge of the user has its lines;
- each entry and its transaction have the hashes of what they say, and stand below the signed Merkle root (RFC 6962);
- each balance follows from the one before.

Of a proof that a ledger only grew it checks that the later root goes on from the earlier one; KEPT is a checkpoint that
the reader kept, as JSON, which has to be the earlier one.

That a key is the site's, or a node's, the reader has to know.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

Row = dict[str, Any]

FORMAT = 2
CENT, DOLLAR = 10**7, 10**9
SIGNED = ("created_at", "day", "first_position", "last_position", "previous_root", "root")
"""What the signature of a checkpoint covers."""
TIERS = (("none", 0), ("week", 7 * 86_400), ("month", 30 * 86_400))
"""Each from so many seconds after the first payment on."""
CHARGES = ("usage", "usage_void")
"""The kinds of transactions that lines cause."""
_UNITS = {"million_tokens": 10**6}
_OF_CALLS = ("cost", "million_tokens")
"""Units of calls, whose provider's price a node tells."""


class Checker:
    """Reads the rows of a proof one after the other; `charge` is the sum of the lines in nano-dollars, `signed_by` the
    key of the checkpoint."""

    def __init__(self, kept: Row | None = None) -> None:
        self.kept = kept
        self.user, self.lines, self.traced, self.charge, self.entries = "", 0, 0, 0, 0
        self.checkpoint: Row | None = None
        self.earlier: Row | None = None
        self.signed_by: str | None = None
        self.total: tuple[int, int, int] | None = None
        self.commits: set[tuple[str, str]] = set()
        self.balances: dict[str, int] = {}
        self._headed = self._grown = self._signed = False
        self._digest = hashlib.sha256()
        self._percents: dict[str, int] = {}
        self._prices: dict[str, Row] = {}
        self._keys: dict[str, list[Row]] = {}
        self._trees: dict[tuple[str, str], str] = {}
        self._file: tuple[tuple[str, str, str], list[bytes]] | None = None
        self._charges: dict[tuple[str, str], int] = {}
        self._owed: dict[str, int] = {}
        self._posted: dict[str, tuple[int, int]] = {}
        self._positions: set[int] = set()
        self._payments: list[tuple[int, datetime]] = []
        self._read: dict[str, Callable[[Row], Iterator[str]]] = {
            "key": self._key,
            "commit": self._commit,
            "content": self._content,
            "price": self._price,
            "line": self._line,
            "checkpoint": self._root,
            "consistency": self._consistency,
            "entry": self._entry,
            "signature": self._signature,
        }

    def check(self, rows: Iterable[Row]) -> Iterator[str]:
        """What is wrong, a sentence each."""
        for number, row in enumerate(rows, 1):
            try:
                yield from (f"line {number}: {wrong}" for wrong in self._one(row, number))
            except OtherFormat as error:
                yield str(error)
                return
            except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
                yield f"line {number}: cannot be read: {type(error).__name__}: {error}"
            self._digest.update(canonical(row) + b"\n")
        yield from self._end()

    def _one(self, row: Row, number: int) -> Iterator[str]:
        kind = row["kind"]
        if self._signed:
            raise ValueError("it stands behind the signature")
        if kind == "proof":
            if row["format"] != FORMAT:
                raise OtherFormat(row["format"])
            if number > 1:
                raise ValueError("a proof has one head, at its beginning")
            self._headed, self.user, self._percents = True, row["user_sid"], row["percent_of_tier"]
        elif kind in self._read:
            yield from self._read[kind](row)
        elif kind == "total":
            if self.total is not None:
                yield "there is a total already"
            self.total = int(row["lines"]), int(row["charge"]), int(row["entries"])
        else:
            yield f"there is no kind {kind!r}"

    def _end(self) -> Iterator[str]:
        if self._headed:
            found = self.lines, self.charge, self.entries
            if self.total is None or not self._signed:
                yield "the end is missing: no total, or no signature of the site"
            elif self.total != found:
                yield f"the total is said to be {self.total} (lines, nano-dollars, entries), and is {found}"
            for key in sorted(self._owed.keys() | self._posted.keys(), key=str):
                owed, posted = self._owed.get(key, 0), self._posted.get(key, (0, 0))[0]
                if owed != posted:
                    yield f"the ledger charged {posted} nano-dollars under {key}, and its lines come to {owed}"
        elif self.checkpoint is None:
            yield "nothing is proved: there is no checkpoint"
        if self.earlier is not None and not self._grown:
            yield "there are two checkpoints, and nothing that leads from one to the other"
        if self.kept is not None:
            try:
                yield from self._goes_on_from(self.kept)
            except (LookupError, TypeError) as error:
                yield f"the checkpoint that was kept cannot be read: {type(error).__name__}: {error}"

    def _goes_on_from(self, kept: Row) -> Iterator[str]:
        first = self.earlier or self.checkpoint
        if first is None or any(first[name] != kept[name] for name in SIGNED):
            yield f"the proof does not begin at the checkpoint that was kept, of {kept['day']}"
        elif {each["public_key"] for each in (first, self.checkpoint or first)} != {kept["public_key"]}:
            yield "a checkpoint is signed with another key than the one that was kept"

    def _signature(self, row: Row) -> Iterator[str]:
        """Over all rows before, whatever stands between their values."""
        self._signed = True
        if self.checkpoint is None or row["public_key"] != self.checkpoint["public_key"]:
            yield "the proof is signed with another key than its checkpoint"
        if not _holds(row["public_key"], signed_bytes(self._digest.hexdigest()), row["signature"]):
            yield "the site did not sign this: something was changed"

    # --- commits ----------------------------------------------------------------------------------------------

    def _key(self, row: Row) -> Iterator[str]:
        self._keys.setdefault(row["node_id"], []).append(row)
        yield from ()

    def _commit(self, row: Row) -> Iterator[str]:
        node, commit, raw = row["node_id"], row["commit"], _bytes(row["raw"])
        self.commits.add((node, commit))
        if _git_name(b"commit", raw) != commit:
            yield f"the bytes are not those of {commit}"
            return
        head, _, message = raw.partition(b"\n\n")
        headers = re.split(rb"\n(?! )", head)
        signatures = [header for header in headers if header.startswith(b"gpgsig ")]
        if len(signatures) != 1:
            yield f"{commit} has no signature"
            return
        self._trees[node, commit] = headers[0].removeprefix(b"tree ").decode()
        signed = b"\n".join(header for header in headers if header is not signatures[0]) + b"\n\n" + message
        [committer] = [header for header in headers if header.startswith(b"committer ")]
        at = datetime.fromtimestamp(int(committer.split()[-2]), UTC)
        key = _signer(signatures[0].partition(b" ")[2].replace(b"\n ", b"\n"), signed)
        if key is None:
            yield f"the signature of {commit} does not fit it"
        elif not any(_raw(each["public_key"]) == key and _valid(each, at) for each in self._keys.get(node, [])):
            yield f"{commit} is signed with no key of {node} that was valid at {at:%Y-%m-%dT%H:%M:%SZ}"

    def _content(self, row: Row) -> Iterator[str]:
        """A file of a commit, with the trees that lead to it: each is named by the SHA-1 of its bytes."""
        node, commit, path = row["node_id"], row["commit"], row["path"]
        name, blob = self._trees[node, commit], _bytes(row["blob"])
        self._file = None
        for part, tree in zip(path.split("/"), map(_bytes, row["trees"]), strict=True):
            if _git_name(b"tree", tree) != name:
                yield f"{path} is not what stands in {commit}"
                return
            name = dict(_tree(tree))[part.encode()]
        if _git_name(b"blob", blob) != name:
            yield f"{path} is not what stands in {commit}"
            return
        self._file = (node, commit, path), blob.split(b"\n")

    # --- lines ------------------------------------------------------------------------------------------------

    def _price(self, row: Row) -> Iterator[str]:
        same = ("effective_from", "resource_kind", "model")
        if any(all(row[name] == other[name] for name in same) for other in self._prices.values()):
            yield "there are two prices for one thing at one time"
        self._prices[row["price_sid"]] = row

    def _line(self, row: Row) -> Iterator[str]:
        record, place = json.loads(row["data"]), f"{row['path']}:{row['line']}"
        self.lines += 1
        charge = int(row["charge"])
        self.charge += charge
        where = row["node_id"], row["commit"]
        if where not in self.commits:
            yield f"{place} is of a commit that is not there"
        if hashlib.sha256(row["data"].encode()).hexdigest() != row["sha256"]:
            yield f"{place} has another SHA-256"
        if (record["user_sid"], record["node_id"]) != (self.user, row["node_id"]):
            yield f"{place} is of another user or node"
        if self._file is not None and self._file[0] == (*where, row["path"]):
            if self._file[1][row["line"] - 1 : row["line"]] != [row["data"].encode()]:
                yield f"{place} does not stand so in {row['commit']}"
            self.traced += 1
        key = (row["node_id"], record["idempotency_key"])
        if key in self._charges:
            yield f"{place} was charged before"
        self._charges[key] = charge
        yield from self._linked(row, place, charge, "void" in record)
        if "void" in record:
            cost = self._charges.get((row["node_id"], record["void"]))
            if cost is None or charge != -cost:
                yield f"{place} gives back {-charge} nano-dollars, and what it takes back cost {cost}"
        else:
            yield from self._priced(row, record, place)

    def _linked(self, row: Row, place: str, charge: int, void: bool) -> Iterator[str]:
        """A line belongs to the posting of its commit, category and user, or to one of its own."""
        commit = f"usage:{row['node_id']}@{row['commit']}"
        end = f"{self.user}:{row['category']}:{'usage_void' if void else 'usage'}"
        if row["posting"] is None:
            if charge:
                yield f"{place} is said to be posted nowhere, and costs {charge} nano-dollars"
        elif row["posting"] not in (f"{commit}:{end}", f"{commit}:{place}:{end}"):
            yield f"{place} is linked to a posting of something else"
        else:
            self._owed[row["posting"]] = self._owed.get(row["posting"], 0) + charge

    def _priced(self, row: Row, record: Row, place: str) -> Iterator[str]:
        price, at = self._prices[row["price_sid"]], datetime.fromisoformat(record["occurred_at"])
        if price is not self._in_force(record, at):
            yield f"{place} is priced by another price than the one in force at {record['occurred_at']}"
        if record.get("applies_to", price["category"]) != row["category"] or price["margin_bp"] != row["margin_bp"]:
            yield f"{place} has another category or margin than its price"
        if row["posting"] in self._posted and row["tier"] != self._tier(at, self._posted[row["posting"]][1]):
            yield f"{place} has another tier than follows from the user's first payment"
        due = self._due(row, price, record)
        if due != (int(row["list_charge"]), int(row["charge"]), Decimal(row["rest"])):
            yield f"{place} costs {due} (before the discount, charge, rest), and is said to cost {row['charge']}"

    def _in_force(self, record: Row, at: datetime) -> Row | None:
        known = [each for each in self._prices.values() if datetime.fromisoformat(each["effective_from"]) <= at]
        book = max((each["effective_from"] for each in known), default=None)
        of_kind = {
            each["model"]: each
            for each in known
            if each["effective_from"] == book and each["resource_kind"] == record["resource_kind"]
        }
        return of_kind.get(record.get("model", "")) or of_kind.get("")

    def _tier(self, at: datetime, position: int) -> str:
        """By what had been paid when the line was posted; a payment may have been earlier than it was known."""
        first = min((paid_at for place, paid_at in self._payments if place < position), default=None)
        if first is None:
            return TIERS[0][0]
        return [tier for tier, after in TIERS if (at - first).total_seconds() >= after or not after][-1]

    def _due(self, row: Row, price: Row, record: Row) -> tuple[int, int, Decimal]:
        listed, cost = _listed(price, row["margin_bp"], record)
        left = Fraction(self._percents[row["tier"]] if price["discountable"] else 100, 100)
        reduced = {
            "full": listed * left,
            "margin_only": cost + (listed - cost) * left,
            "floor_at_cost": max(listed * left, min(cost, listed)),
        }[row["discount_base"]]
        charge = round(reduced)  # of a fraction: half to even
        rest = reduced - charge
        return round(listed), charge, Decimal(rest.numerator) / Decimal(rest.denominator)

    # --- the ledger -------------------------------------------------------------------------------------------

    def _root(self, row: Row) -> Iterator[str]:
        if self.checkpoint is not None and (self._headed or self.entries or self.earlier is not None):
            yield "there is a checkpoint already: which of them the entries are below, nobody could say"
        message = b"hero-onboarding checkpoint 1\n" + canonical({name: row[name] for name in SIGNED})
        holds = _holds(row["public_key"], message, row["signature"])
        self.signed_by = _shown_key(row["public_key"])
        self.earlier, self.checkpoint = self.checkpoint, row
        if not holds:
            yield f"the signature of the checkpoint of {row['day']} does not fit it"

    def _consistency(self, row: Row) -> Iterator[str]:
        if self.earlier is None or self.checkpoint is None:
            raise ValueError("it needs two checkpoints before it")
        self._grown = True
        old, new = self.earlier, self.checkpoint
        sizes = int(old["last_position"]), int(new["last_position"])
        if not _goes_on((bytes.fromhex(old["root"]), bytes.fromhex(new["root"])), sizes, _hashes(row["path"])):
            yield f"the ledger of {new['day']} does not go on from that of {old['day']}: something before was changed"

    def _entry(self, row: Row) -> Iterator[str]:
        entry, transaction, checkpoint = row["entry"], row["transaction"], self.checkpoint
        self.entries += 1
        position = int(entry["position"])
        place = f"the entry at position {position}"
        if position in self._positions:
            yield f"{place} stands there twice"
        self._positions.add(position)
        if hashlib.sha256(canonical(transaction)).hexdigest() != entry["transaction_hash"]:
            yield f"{place} is of another transaction than the one that stands with it"
        leaf = hashlib.sha256(b"\0" + hashlib.sha256(canonical(entry)).digest()).digest()
        if checkpoint is None:
            yield f"{place} stands before any checkpoint"
        else:
            root = _climbed(leaf, position - 1, int(checkpoint["last_position"]), _hashes(row["path"]))
            if root.hex() != checkpoint["root"]:
                yield f"{place} is not below the root of {checkpoint['day']}"
        if self._headed:
            yield from self._own(entry, transaction, place, position)

    def _own(self, entry: Row, transaction: Row, place: str, position: int) -> Iterator[str]:
        """An entry of the user: none may be missing between two, and charges must have their lines."""
        account, amount, after = entry["account"], _nano(entry["amount"]), _nano(entry["balance_after"])
        if not account.startswith(f"user:{self.user}:") or transaction["user_sid"] != self.user:
            yield f"{place} is of another user"
        if self.balances.get(account, 0) + amount != after:
            yield f"{place} does not follow from the entry of {account} before it: one is missing, or stands twice"
        self.balances[account] = after
        if transaction["kind"] in CHARGES:
            key = transaction["posting_key"]
            posted, first = self._posted.get(key, (0, position))
            self._posted[key] = posted + amount, first
        elif transaction["kind"] == "top_up":
            self._payments.append((position, datetime.fromisoformat(transaction["effective_at"])))


class OtherFormat(ValueError):
    """The proof is of a version that this program does not know."""

    def __init__(self, found: object) -> None:
        older = "it was written before proofs led to the ledger; " if found == 1 else ""
        super().__init__(
            f"this proof has format {found}, and this program checks format {FORMAT}: {older}"
            "ask for a new one (`hero-onboarding proof`), or take the program of its time"
        )


def canonical(fields: Row) -> bytes:
    """The bytes that are hashed and signed."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_bytes(digest: str) -> bytes:
    """What the site signs of a proof whose rows have this SHA-256."""
    return f"hero-onboarding proof {FORMAT}\n{digest}".encode()


def _nano(dollars: str) -> int:
    return int(Decimal(dollars) * DOLLAR)


def _listed(price: Row, margin_bp: int, record: Row) -> tuple[Fraction, Fraction]:
    """With margin and without, in nano-dollars."""
    margin = Fraction(10_000 + margin_bp, 10_000)
    if "amount_cents" in record:
        listed = Fraction(record["amount_cents"] * CENT)
        return listed, listed / margin
    unit_price = int(price["unit_price"])
    if "cost" in record and price["unit"] in _OF_CALLS:
        cost = Fraction(record["cost"]) * (unit_price if price["unit"] == "cost" else DOLLAR)
    else:
        cost = Fraction(record["quantity"]) * unit_price / _UNITS.get(price["unit"], 1)
    return cost * margin, cost


def _valid(key: Row, at: datetime) -> bool:
    until = key["valid_until"]
    return datetime.fromisoformat(key["valid_from"]) <= at and (until is None or at < datetime.fromisoformat(until))


# --- Merkle trees -----------------------------------------------------------------------------------------------------


def _hashes(path: list[str]) -> list[bytes]:
    if not all(re.fullmatch("[0-9a-f]{64}", each) for each in path):
        raise ValueError("a hash has 64 hexadecimal digits")
    return [bytes.fromhex(each) for each in path]


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _climbed(node: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to from a leaf, as section 2.1.3.2 of RFC 9162 says. Raises `ValueError`."""
    last = size - 1
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    for other in path:
        if last == 0:
            raise ValueError("the path is too long")
        right = index % 2 == 1 or index == last
        while right and index % 2 == 0 and index:  # here the tree is a level lower
            index, last = index >> 1, last >> 1
        node = _above(other, node) if right else _above(node, other)
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return node


def _goes_on(roots: tuple[bytes, bytes], sizes: tuple[int, int], path: list[bytes]) -> bool:
    """Whether a root goes on from an earlier one, as section 2.1.4.2 of RFC 9162 says."""
    (old, new), (first, second) = roots, sizes
    if not 0 < first <= second:
        return False
    if first == second:
        return old == new and not path
    if first & (first - 1) == 0:
        path = [old, *path]
    index, last = first - 1, second - 1
    while index % 2:
        index, last = index >> 1, last >> 1
    if not path:
        return False
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if index % 2 or index == last:
            before, after = _above(other, before), _above(other, after)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            after = _above(after, other)
        index, last = index >> 1, last >> 1
    return (before, after, last) == (old, new, 0)


# --- git, and signatures in SSH's format: texts that are preceded by their length -------------------------------------


def _bytes(text: str) -> bytes:
    """Base64 that is spelled in the one way that there is."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not spelled as base64 is")
    return data


def _git_name(kind: bytes, content: bytes) -> str:
    return hashlib.sha1(kind + b" %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _tree(content: bytes) -> Iterator[tuple[bytes, str]]:
    """Names of a tree's entries, and of what they are."""
    while content:
        head, _, rest = content.partition(b"\0")
        yield head.partition(b" ")[2], rest[:20].hex()
        content = rest[20:]


def _holds(public_key: str, message: bytes, signature: str) -> bool:
    try:
        VerifyKey(_bytes(public_key)).verify(message, _bytes(signature))
    except (BadSignatureError, ValueError):
        return False
    return True


def _signer(armored: bytes, message: bytes) -> bytes | None:
    """The raw Ed25519 key that signed a message; None where the signature does not fit."""
    data = b64decode(b"".join(armored.strip().split(b"\n")[1:-1]))
    public, namespace, reserved, name, signature = _texts(data[10:])
    digest = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}[name](message).digest()
    signed = b"SSHSIG" + b"".join(len(text).to_bytes(4, "big") + text for text in (namespace, reserved, name, digest))
    key = _texts(public)[1]
    try:
        VerifyKey(key).verify(signed, _texts(signature)[1])
    except (BadSignatureError, ValueError):
        return None
    return key if data.startswith(b"SSHSIG\0\0\0\1") and namespace == b"git" else None


def _raw(public_key: str) -> bytes:
    return _texts(b64decode(public_key.split()[1]))[1]


def _texts(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


# --- files ------------------------------------------------------------------------------------------------------------


def verify(path: str, kept: str | None = None) -> tuple[Checker, list[str]]:
    """What a file holds, and what is wrong with it. Raises `ValueError`, which names the file, for what is no JSON, and
    `OSError`."""
    checker = Checker(None if kept is None else _read_kept(kept))
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - this file stands alone
            return checker, list(checker.check(json.loads(line) for line in file))
    except RecursionError:
        raise ValueError(f"{path} is no proof: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} is no proof: {error}") from None


def _read_kept(path: str) -> Row:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            found = json.load(file)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no checkpoint")
    return found


def _shown_key(public_key: str) -> str:
    """A public key as the site's `key.pub` shows it."""
    raw, kind = _bytes(public_key), b"ssh-ed25519"
    blob = b"".join(len(text).to_bytes(4, "big") + text for text in (kind, raw))
    return f"{kind.decode()} {b64encode(blob).decode()}"


def main() -> None:
    checker, wrong = verify(*sys.argv[1:3])
    sys.stdout.writelines(f"{each}\n" for each in wrong or [said(checker)])
    raise SystemExit(bool(wrong))


def said(checker: Checker) -> str:
    """What was found right."""
    last, told = checker.checkpoint, []
    assert last is not None, "without a checkpoint nothing is right"
    if checker.total is not None:
        credit = -sum(amount for account, amount in checker.balances.items() if not account.endswith(":held"))
        lines, commits = _count(checker.lines, "line"), _count(len(checker.commits), "signed commit")
        told = [
            f"{lines} of {checker.user} in {commits} cost {_dollars(checker.charge)}, as the ledger charged them",
            f"{checker.traced} of these lines were found in the files of their commits",
            f"the balance after all of {checker.user}'s entries is {_dollars(credit)}",
        ]
    if checker.earlier is not None:
        told.append(
            f"the ledger of {last['day']} ({_count(last['last_position'], 'entry')}) goes on from that of "
            f"{checker.earlier['day']} ({_count(checker.earlier['last_position'], 'entry')}, "
            f"root {checker.earlier['root']})"
        )
    if checker.entries:
        stand = "stands" if checker.entries == 1 else "stand"
        told.append(f"{_count(checker.entries, 'entry')} of the ledger {stand} below the root of {last['day']}")
    return "\n".join([*told, f"the root of {last['day']} is signed with the key {checker.signed_by}"])


def _count(count: int | str, what: str) -> str:
    if int(count) == 1:
        return f"1 {what}"
    return f"{count} entries" if what == "entry" else f"{count} {what}s"


def _dollars(nano: int) -> str:
    return f"{Decimal(nano) / DOLLAR:f} dollars"


if __name__ == "__main__":
    main()
