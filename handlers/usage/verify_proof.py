"""Check a proof of charges, or of entries, offline: `python verify_proof.py FILE`. Needs Python and PyNaCl alone.

It checks that each commit is signed by a key that the file gives for its node and was valid then, that each line is
the user's and what its SHA-256 says, that its charge follows from its price, margin and discount, rounded once, half to
even, and that the charges add up to the total. What only the repository can show is that a line stands in its commit:
`git show COMMIT:PATH | sed -n LINEp | head -c -1 | sha256sum` prints its SHA-256.

Of entries of the ledger it checks that their hashes and those of their transactions are of what they say, and that they
stand below a signed Merkle root (RFC 6962). Whose key signed the root it says; that it is the site's, the reader knows.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

CENT, DOLLAR = 10**7, 10**9
_UNITS = {"million_tokens": 10**6}


class Checker:
    """Reads the lines of a proof one after the other; `charge` is their sum in nano-dollars."""

    def __init__(self) -> None:
        self.user, self.lines, self.charge, self.entries = "", 0, 0, 0
        self.checkpoint: dict[str, Any] | None = None
        self.total: tuple[int, int] | None = None
        self.commits: set[tuple[str, str]] = set()
        self._percents: dict[str, int] = {}
        self._keys: dict[str, list[dict[str, Any]]] = {}
        self._charges: dict[tuple[str, str], int] = {}
        self._positions: set[object] = set()

    def check(self, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What is wrong, a sentence each."""
        for number, row in enumerate(rows, 1):
            try:
                yield from (f"line {number}: {wrong}" for wrong in self._one(row))
            except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
                yield f"line {number}: cannot be read: {type(error).__name__}: {error}"
        if self.total is None and (self.user or not self.entries):
            yield "the end is missing: no total"
        elif self.total not in (None, (self.lines, self.charge)):
            yield f"the total is said to be {self.total} (lines, nano-dollars), and is {(self.lines, self.charge)}"

    def _one(self, row: dict[str, Any]) -> Iterator[str]:
        kind = row["kind"]
        if kind == "proof":
            if row["format"] != 1 or self.user:
                raise ValueError("another format than 1, or a proof within a proof")
            self.user, self._percents = row["user_sid"], row["percent_of_tier"]
        elif kind == "key":
            self._keys.setdefault(row["node_id"], []).append(row)
        elif kind == "commit":
            yield from self._commit(row)
        elif kind == "line":
            yield from self._line(row)
        elif kind == "checkpoint":
            yield from self._root(row)
        elif kind == "entry":
            yield from self._entry(row)
        elif kind == "total":
            if self.total is not None:
                yield "there is a total already"
            self.total = int(row["lines"]), int(row["charge"])
        else:
            yield f"there is no kind {kind!r}"

    # --- commits ----------------------------------------------------------------------------------------------

    def _commit(self, row: dict[str, Any]) -> Iterator[str]:
        node, commit, raw = row["node_id"], row["commit"], b64decode(row["raw"], validate=True)
        self.commits.add((node, commit))
        if hashlib.sha1(b"commit %d\0" % len(raw) + raw).hexdigest() != commit:
            yield f"the bytes are not those of {commit}"
            return
        head, _, message = raw.partition(b"\n\n")
        headers = re.split(rb"\n(?! )", head)
        signatures = [header for header in headers if header.startswith(b"gpgsig ")]
        if len(signatures) != 1:
            yield f"{commit} has no signature"
            return
        signed = b"\n".join(header for header in headers if header is not signatures[0]) + b"\n\n" + message
        [committer] = [header for header in headers if header.startswith(b"committer ")]
        at = datetime.fromtimestamp(int(committer.split()[-2]), UTC)
        key = _signer(signatures[0].partition(b" ")[2].replace(b"\n ", b"\n"), signed)
        if key is None:
            yield f"the signature of {commit} does not fit it"
        elif not any(_raw(each["public_key"]) == key and _valid(each, at) for each in self._keys.get(node, [])):
            yield f"{commit} is signed with no key of {node} that was valid at {at:%Y-%m-%dT%H:%M:%SZ}"

    # --- lines ------------------------------------------------------------------------------------------------

    def _line(self, row: dict[str, Any]) -> Iterator[str]:
        record, place = json.loads(row["data"]), f"{row['path']}:{row['line']}"
        self.lines += 1
        charge = int(row["charge"])
        self.charge += charge
        if (row["node_id"], row["commit"]) not in self.commits:
            yield f"{place} is of a commit that is not there"
        if hashlib.sha256(row["data"].encode()).hexdigest() != row["sha256"]:
            yield f"{place} has another SHA-256"
        if (record["user_sid"], record["node_id"]) != (self.user, row["node_id"]):
            yield f"{place} is of another user or node"
        key = (row["node_id"], record["idempotency_key"])
        if key in self._charges:
            yield f"{place} was charged before"
        self._charges[key] = charge
        if "void" in record:
            cost = self._charges.get((row["node_id"], record["void"]))
            if cost is None or charge != -cost:
                yield f"{place} gives back {-charge} nano-dollars, and what it takes back cost {cost}"
        elif (due := self._due(row, record)) != (int(row["list_charge"]), charge, Decimal(row["rest"])):
            yield f"{place} costs {due} (before the discount, charge, rest), and is said to cost {charge}"

    def _due(self, row: dict[str, Any], record: dict[str, Any]) -> tuple[int, int, Decimal]:
        listed, cost = _listed(row["price"], row["margin_bp"], record)
        left = Fraction(self._percents[row["tier"]] if row["price"]["discountable"] else 100, 100)
        reduced = {
            "full": listed * left,
            "margin_only": cost + (listed - cost) * left,
            "floor_at_cost": max(listed * left, min(cost, listed)),
        }[row["discount_base"]]
        charge = round(reduced)  # of a fraction: half to even
        rest = reduced - charge
        return round(listed), charge, Decimal(rest.numerator) / Decimal(rest.denominator)

    # --- entries of the ledger --------------------------------------------------------------------------------

    def _root(self, row: dict[str, Any]) -> Iterator[str]:
        if self.checkpoint is not None:
            yield "there is a checkpoint already: which of them the entries are below, nobody could say"
        self.checkpoint = row
        signed = b"hero-onboarding checkpoint 1\n" + _canonical({name: row[name] for name in _SIGNED})
        try:
            VerifyKey(b64decode(row["public_key"])).verify(signed, b64decode(row["signature"]))
        except BadSignatureError:
            yield f"the signature of the checkpoint of {row['day']} does not fit it"

    def _entry(self, row: dict[str, Any]) -> Iterator[str]:
        entry, transaction, checkpoint = row["entry"], row["transaction"], self.checkpoint
        self.entries += 1
        place = f"the entry at position {entry['position']}"
        if entry["position"] in self._positions:
            yield f"{place} stands there twice"
        self._positions.add(entry["position"])
        if hashlib.sha256(_canonical(transaction)).hexdigest() != entry["transaction_hash"]:
            yield f"{place} is of another transaction than the one that stands with it"
        leaf = hashlib.sha256(b"\0" + hashlib.sha256(_canonical(entry)).digest()).digest()
        if checkpoint is None:
            yield f"{place} stands before any checkpoint"
        else:
            path = [bytes.fromhex(each) for each in row["path"]]
            root = _climbed(leaf, int(entry["position"]) - 1, int(checkpoint["last_position"]), path)
            if root.hex() != checkpoint["root"]:
                yield f"{place} is not below the root of {checkpoint['day']}"


_SIGNED = ("created_at", "day", "first_position", "last_position", "previous_root", "root")


def _canonical(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _climbed(node: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to from a leaf, as section 2.1.3.2 of RFC 9162 says. Raises `ValueError`."""
    last = size - 1
    for other in path:
        if last == 0:
            raise ValueError("the path is too long")
        right = index % 2 == 1 or index == last
        while right and index % 2 == 0 and index:  # here the tree is a level lower
            index, last = index >> 1, last >> 1
        node = hashlib.sha256(b"\1" + (other + node if right else node + other)).digest()
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return node


def _listed(price: dict[str, Any], margin_bp: int, record: dict[str, Any]) -> tuple[Fraction, Fraction]:
    """With margin and without, in nano-dollars."""
    margin = Fraction(10_000 + margin_bp, 10_000)
    if "amount_cents" in record:
        listed = Fraction(record["amount_cents"] * CENT)
        return listed, listed / margin
    unit_price = int(price["unit_price"])
    if "cost" in record:
        cost = Fraction(record["cost"]) * (unit_price if price["unit"] == "cost" else DOLLAR)
    else:
        cost = Fraction(record["quantity"]) * unit_price / _UNITS.get(price["unit"], 1)
    return cost * margin, cost


def _valid(key: dict[str, Any], at: datetime) -> bool:
    until = key["valid_until"]
    return datetime.fromisoformat(key["valid_from"]) <= at and (until is None or at < datetime.fromisoformat(until))


# --- signatures in SSH's format: texts that are preceded by their length ------------------------------------------


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


def verify(path: str) -> tuple[Checker, list[str]]:
    """What a file holds, and what is wrong with it."""
    checker = Checker()
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - this file stands alone
        return checker, list(checker.check(json.loads(line) for line in file))


def signer(checkpoint: dict[str, Any]) -> str:
    """The key that signed a checkpoint, as the site's `key.pub` shows it."""
    raw, kind = b64decode(checkpoint["public_key"]), b"ssh-ed25519"
    blob = b"".join(len(text).to_bytes(4, "big") + text for text in (kind, raw))
    return f"{kind.decode()} {b64encode(blob).decode()}"


def main() -> None:
    checker, wrong = verify(sys.argv[1])
    sys.stdout.writelines(f"{each}\n" for each in wrong or [said(checker)])
    raise SystemExit(bool(wrong))


def said(checker: Checker) -> str:
    """What was found right."""
    lines = (
        f"{checker.lines} lines of {checker.user} in {len(checker.commits)} signed commits cost "
        f"{Decimal(checker.charge) / DOLLAR} dollars"
    )
    if checker.checkpoint is None:
        return lines
    entries = (
        f"{checker.entries} entries of the ledger stand below the root of {checker.checkpoint['day']}, "
        f"signed with the key {signer(checker.checkpoint)}"
    )
    return f"{lines}\n{entries}" if checker.user else entries


if __name__ == "__main__":
    main()
