"""Keys and addresses against the contract's vectors; the login program answers only what it should."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from handlers.identity import challenge as protocol
from handlers.identity.mycelium import KeyRefused, address_of, check_public_key, parse_address, parse_public_key

VECTORS = json.loads((Path(__file__).parents[1] / "data/mycelium.json").read_text())
ORIGIN = "https://hero.example"
NOW = 1_800_000_000


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_addresses_follow_todays_derivation(vector: dict[str, Any]) -> None:
    key = parse_public_key(vector["public_key_hex"])
    assert address_of(key) == vector["expected_address"]
    for wrong in vector.get("must_not_match", []):
        assert address_of(key) != wrong["value"]
    if "private_key_hex" in vector:
        assert bytes(PrivateKey(bytes.fromhex(vector["private_key_hex"])).public_key) == key


def low_order() -> list[int]:
    p = 2**255 - 19
    return [
        0,
        1,
        p - 1,
        p,
        p + 1,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
    ]


@pytest.mark.parametrize("number", low_order())
def test_low_order_keys_are_refused(number: int) -> None:
    with pytest.raises(KeyRefused):
        check_public_key(number.to_bytes(32, "little"))


def test_the_twin_of_a_key_is_refused() -> None:
    key = bytearray.fromhex(VECTORS[0]["public_key_hex"])
    check_public_key(bytes(key))
    key[31] |= 0x80
    with pytest.raises(KeyRefused):
        check_public_key(bytes(key))


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "8f" * 31, "8f" * 33, " " * 64])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        parse_public_key(text)


@pytest.mark.parametrize("text", ["::1", "::ffff:4.4.4.4", "430::1%eth0", "fe80::1", "10.0.0.1", "", "300::1"])
def test_what_is_no_overlay_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def make(private: PrivateKey, **changes: Any) -> tuple[protocol.Challenge, bytes]:
    public = bytes(private.public_key)
    made = protocol.Challenge(
        address=address_of(public),
        cid=protocol.encode(b"c" * 16),
        exp=NOW + 120,
        iat=NOW,
        origin=ORIGIN,
        pk=protocol.encode(public),
        secret=protocol.encode(b"s" * 32),
    )
    made = dataclasses.replace(made, **changes)
    return made, protocol.seal(made.plaintext(), public)


def test_the_right_key_answers_and_the_text_is_short() -> None:
    key = PrivateKey.generate()
    made, sealed = make(key)
    assert len(sealed) == len(made.plaintext()) + 48
    assert len(made.plaintext()) <= protocol.MAX_PLAINTEXT
    expected = protocol.encode(protocol.response(b"s" * 32, made.plaintext()))
    assert protocol.answer(sealed, bytes(key), ORIGIN, NOW) == expected
    assert len(expected) == 43


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"typ": "other"},
        {"v": 2},
        {"action": "pay"},
        {"address": "430::1"},
        {"pk": protocol.encode(b"x" * 32)},
        {"secret": protocol.encode(b"short")},
        {"iat": NOW + 31},
        {"exp": NOW},
        {"cid": 7},
        {"origin": None},
    ],
)
def test_nothing_else_is_answered(changes: dict[str, Any]) -> None:
    key = PrivateKey.generate()
    _, sealed = make(key, **changes)
    with pytest.raises(protocol.ChallengeRefused):
        protocol.answer(sealed, bytes(key), ORIGIN, NOW)


def test_a_text_that_is_not_canonical_is_not_answered() -> None:
    key = PrivateKey.generate()
    made, _ = make(key)
    spaced = json.dumps(json.loads(made.plaintext()), sort_keys=True).encode()
    with pytest.raises(protocol.ChallengeRefused):
        protocol.answer(protocol.seal(spaced, bytes(key.public_key)), bytes(key), ORIGIN, NOW)


@given(st.binary(max_size=600))
def test_whatever_is_sealed_the_program_refuses_in_one_way(plaintext: bytes) -> None:
    key = PrivateKey(b"k" * 32)
    for sealed in (plaintext, protocol.seal(plaintext, bytes(key.public_key))):
        with pytest.raises(protocol.ChallengeRefused):
            protocol.answer(sealed, bytes(key), ORIGIN, NOW)
