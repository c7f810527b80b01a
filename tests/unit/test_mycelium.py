"""Keys and addresses against the contract's vectors; the login program answers only what it should."""

import dataclasses
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from handlers.identity import challenge as protocol
from handlers.identity.codes import code_proof, new_code
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
        {"cid": protocol.encode(b"c" * 15)},
        {"cid": protocol.encode(b"c" * 17)},
        {"origin": None},
        {"origin": ORIGIN.upper()},
        {"origin": ORIGIN + "/"},
        {"origin": ORIGIN[:-1]},
        {"origin": [ORIGIN]},
        # Python takes True for 1 and 2.0 for 2; JSON does not, and what is signed is the text.
        {"v": True},
        {"v": 1.0},
        {"v": "1"},
        {"iat": True},
        {"iat": False},
        {"iat": float(NOW)},
        {"iat": None},
        {"exp": float(NOW + 120)},
        {"exp": 1e300},
        {"exp": str(NOW + 120)},
        {"exp": float("inf")},
        {"secret": protocol.encode(b"s" * 31)},
        {"secret": protocol.encode(b"s" * 33)},
        {"secret": protocol.encode(b"s" * 32) + "="},
        {"secret": True},
        {"pk": None},
        {"address": None},
    ],
    ids=str,
)
def test_nothing_else_is_answered(changes: dict[str, Any]) -> None:
    key = PrivateKey.generate()
    _, sealed = make(key, **changes)
    with pytest.raises(protocol.ChallengeRefused):
        protocol.answer(sealed, bytes(key), ORIGIN, NOW)


def test_the_time_of_a_challenge() -> None:
    """From half a minute before it was made, for clocks differ, until it ends."""
    key = PrivateKey.generate()
    _, sealed = make(key)
    for now in (NOW - 30, NOW, NOW + 119):
        assert protocol.answer(sealed, bytes(key), ORIGIN, now)
    for now in (NOW - 31, NOW + 120, NOW + 86_400):
        with pytest.raises(protocol.ChallengeRefused):
            protocol.answer(sealed, bytes(key), ORIGIN, now)


def rewritten(made: protocol.Challenge, case: str) -> bytes:
    """The same challenge as another text."""
    text, values = made.plaintext(), json.loads(made.plaintext())
    return {
        "spaces": json.dumps(values, sort_keys=True).encode(),
        "another order": json.dumps(dict(reversed(values.items())), separators=(",", ":")).encode(),
        "a key twice": text.replace(b'{"action"', b'{"action":"pay","action"'),
        "a key too many": json.dumps({**values, "zz": 1}, sort_keys=True, separators=(",", ":")).encode(),
        "a key too few": text.replace(b',"v":1', b""),
        "another escape": text.replace(b"login", b"lo\\u0067in"),
        "a list": json.dumps([values]).encode(),
        "something behind": text + b"\n",
        "true for 1": text.replace(b'"v":1', b'"v":true'),
        "1.0 for 1": text.replace(b'"v":1', b'"v":1.0'),
        "UTF-16": text.decode().encode("utf-16"),
        "deep": b"[" * 500,
        "deeper than Python": b"[" * 100_000,
    }[case]


@pytest.mark.parametrize(
    "case",
    [
        "spaces",
        "another order",
        "a key twice",
        "a key too many",
        "a key too few",
        "another escape",
        "a list",
        "something behind",
        "true for 1",
        "1.0 for 1",
        "UTF-16",
        "deep",
        "deeper than Python",
    ],
)
def test_a_text_that_is_not_canonical_is_not_answered(case: str) -> None:
    key = PrivateKey.generate()
    made, _ = make(key)
    text = rewritten(made, case)
    assert text != made.plaintext()
    with pytest.raises(protocol.ChallengeRefused):
        protocol.answer(protocol.seal(text, bytes(key.public_key)), bytes(key), ORIGIN, NOW)


def test_a_long_text_is_not_answered() -> None:
    key = PrivateKey.generate()
    room = protocol.MAX_PLAINTEXT - len(make(key)[0].plaintext())
    for more, sound in ((room, True), (room + 1, False)):
        origin = ORIGIN + "x" * more
        made, sealed = make(key, origin=origin)
        assert (len(made.plaintext()) <= protocol.MAX_PLAINTEXT) == sound
        if sound:
            assert protocol.answer(sealed, bytes(key), origin, NOW)
        else:
            with pytest.raises(protocol.ChallengeRefused):
                protocol.answer(sealed, bytes(key), origin, NOW)


def test_the_response_to_the_letter() -> None:
    """HMAC-SHA256(secret, "hero-mycelium-login/v1/response\\0" || SHA256(plaintext)), reckoned by hand here."""
    text, secret = b'{"v":1}', bytes(range(32))
    signed = b"hero-mycelium-login/v1/response\0" + hashlib.sha256(text).digest()
    assert protocol.response(secret, text) == hmac.new(secret, signed, hashlib.sha256).digest()


def test_the_text_to_the_letter() -> None:
    key = PrivateKey(b"k" * 32)
    made, _ = make(key)
    public = protocol.encode(bytes(key.public_key))
    assert made.plaintext().decode() == (
        f'{{"action":"login","address":"{address_of(bytes(key.public_key))}","cid":"{protocol.encode(b"c" * 16)}",'
        f'"exp":{NOW + 120},"iat":{NOW},"origin":"{ORIGIN}","pk":"{public}","secret":"{protocol.encode(b"s" * 32)}",'
        f'"typ":"hero-mycelium-login","v":1}}'
    )


@pytest.mark.parametrize("text", ["=", "a", "ab==", "a+b/", "ab\n", "é", "aB", " ab"])
def test_base64url_has_one_spelling(text: str) -> None:
    """Without padding, and without bits that say nothing."""
    with pytest.raises(ValueError):
        protocol.decode(text)


@given(st.binary(max_size=80))
def test_base64url_there_and_back(raw: bytes) -> None:
    assert protocol.decode(protocol.encode(raw)) == raw


def test_codes() -> None:
    """Fifty bits, bound to the browser that asked, the same however they are typed."""
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500 and all(re.fullmatch("[A-Z2-7]{5}-[A-Z2-7]{5}", code) for code in codes)
    code, pre = "ABCDE-23456", "p" * 43
    proof = code_proof(code, pre)
    signed = b"hero-mycelium-login/v1/code\0ABCDE23456"
    assert proof == hmac.new(pre.encode(), signed, hashlib.sha256).hexdigest()
    assert {code_proof(typed, pre) for typed in ("abcde23456", " abcde 23456 ", "ABCDE_23456")} == {proof}
    assert len({proof, code_proof("ABCDE-23457", pre), code_proof(code, "q" * 43), code_proof("", pre)}) == 4


@given(st.binary(max_size=600))
def test_whatever_is_sealed_the_program_refuses_in_one_way(plaintext: bytes) -> None:
    key = PrivateKey(b"k" * 32)
    for sealed in (plaintext, protocol.seal(plaintext, bytes(key.public_key))):
        with pytest.raises(protocol.ChallengeRefused):
            protocol.answer(sealed, bytes(key), ORIGIN, NOW)
