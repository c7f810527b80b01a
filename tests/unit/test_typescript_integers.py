"""Whole numbers of 64 bits keep every digit in the TypeScript client, in both directions and at any depth.

They are `bigint`, or strings where the project says so; what is sent is a number either way.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codegen.emit.output import Integers
from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.source.diagnostics import Report
from tests.npm import NODE, compile_types

SCHEMA = {
    "money/amounts": """\
Cents = i64
Ladder = [map<str, Cents>]?
Leaf = { wide: u64  small: i32  ratio: f64  rest?: Chain  constructor: str }
Chain = { leaf: Leaf? }
Plain = { name: str }
Either = Leaf | Plain
Note = { text: str }
error TooMuch(1500, 409) "too much" { limit: i64  ladder: Ladder  chain?: Chain }
""",
    "shop/things": """\
module shop "1.0.0"
import "../money"
[rootobject, auth(public)]
Thing = {
    sid: sid
    count: i64 = 9007199254740993 @index
    ladder: money.Ladder
    chain: money.Chain
    either: money.Either
    secret?: u64 @sensitive
    any: json
}
[version("1.0"), auth(public)]
service DeskService {
    add(amount: money.Cents, chain: money.Chain, more?: [u64]) -> u64 ! money.TooMuch
    notes() -> [money.Note]
    maybe() -> map<str, [money.Either?]>?
}
""",
}

RUN = """
import { Client, TooMuch, RpcError } from "./client.js";
import { parse, stringify } from "./runtime.js";
const sent = [];
let answer = "";
const fetch = async (_, { body }) => { sent.push(body); return new Response(answer); };
const client = new Client("http://x", { fetch, retries: 0 });
const ask = (text, call) => { answer = `{"jsonrpc": "2.0", "id": 1, "result": ${text}}`; return call(); };
const fail = async (data) => {
  answer = `{"jsonrpc": "2.0", "id": 1, "error": {"code": 1500, "message": "too much", "data": ${data}}}`;
  try { await client.desk.add({ amount: 1n, chain: { leaf: null } }); } catch (error) { return error; }
};
const show = (value) => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each));
const LEAF = '{"wide": 18446744073709551615, "small": 7, "ratio": 1e300, "constructor": "p", "rest": null}';
const CHAIN = `{"leaf": {"wide": 1, "small": 7, "ratio": 20000000000000000, "constructor": "p",
  "rest": {"leaf": ${LEAF}}}}`;
const THING = `{"sid": "abcd", "rev": 3, "count": -9007199254740993,
  "ladder": [{"a": 5, "1": 9007199254740995}, {"__proto__": 6}],
  "chain": ${CHAIN}, "either": {"type": "plain", "name": "12345678901234567890 \\\\" \\\\u0041"},
  "any": [9007199254740993, 5, 1.5, "9007199254740993"], "added": {"later": 9007199254740993}}`;
const thing = await ask(THING, () => client.thing.get({ sid: "abcd" }));
const page = await ask(`{"items": [${THING}], "next_cursor": null}`, () => client.thing.list_full());
const results = {
  thing,
  page,
  sum: await ask("9223372036854775807", () => client.desk.add({
    amount: -9223372036854775808n, more: [1n, 2n ** 64n - 1n],
    chain: { leaf: { wide: 9007199254740993n, small: 1, ratio: 0.5, rest: { leaf: null }, constructor: "c" } },
  })),
  small: await ask("5", () => client.desk.add({ amount: 5n, chain: { leaf: null }, more: undefined })),
  maybe: await ask(`{"k": [null, {"type": "leaf", "wide": 9007199254740993}, {"type": "newer", "wide": 5}]}`,
    () => client.desk.maybe()),
  none: await ask("null", () => client.desk.maybe()),
  sent,
};
await ask(THING, () => client.thing.find({ filter: { count: 9007199254740993n } }));
await ask(THING, () => client.thing.patch({ sid: "abcd", rev: 2n ** 53n + 1n, data: { any: [2n ** 70n] } }));
const known = await fail(`{"error": "too_much", "limit": 9007199254740993, "ladder": [{"a": 1}],
  "chain": ${CHAIN}}`);
const small = await fail('{"error": "too_much", "limit": 3, "ladder": null}');
const odd = await fail('{"error": "too_much", "limit": 1.5, "ladder": null}');
results.errors = [known instanceof TooMuch, known.data, small.data, odd instanceof TooMuch, odd instanceof RpcError];
results.round = ['{"a": [1, -2.5, "x", null, true, {"b": 12345678901234567890}], "2": 1, "1": []}',
  '"\\\\"1234567890123456"', "0.1234567890123456789", "-12345678901234567890", " [ ] ",
  "1234567890123456e2"].map((text) => show(parse(text)));
results.refused = ['{"a": 1234567890123456789', "01234567890123456", "nothing 1234567890123456"].map((text) => {
  try { return show(parse(text)); } catch (error) { return error.name; }
});
results.written = stringify({ day: new Date(0), list: [undefined, 5n], gone: undefined, text: "\\n\\"" });
console.log(show(results));
"""


def made_client(folder: Path, integers: Integers) -> Path:
    for name, text in SCHEMA.items():
        source = folder / f"schemas/{name}.oschema"
        source.parent.mkdir(parents=True)
        source.write_text(text)
    report = Report()
    program = load_program(folder / "schemas", report)
    assert program is not None, [finding.message for finding in report.findings()]
    for path, wanted in emit_kinds(program, ("clients",), integers=integers).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(wanted.data)
    return folder / "clients/typescript"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_client(tmp_path_factory.mktemp("integers"), "bigint")


@pytest.fixture(scope="module")
def strings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client whose whole numbers of 64 bits are strings."""
    return made_client(tmp_path_factory.mktemp("strings"), "string")


@pytest.fixture(scope="module")
def results(client: Path) -> dict[str, Any]:
    (client / "run.js").write_text(RUN)
    done = subprocess.run([NODE, "run.js"], cwd=client, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_digit_is_read(results: dict[str, Any]) -> None:
    leaf = {"wide": "18446744073709551615n", "small": 7, "ratio": 1e300, "constructor": "p", "rest": None}
    chain = {
        "leaf": {"wide": "1n", "small": 7, "ratio": 20000000000000000, "constructor": "p", "rest": {"leaf": leaf}},
    }
    thing = {
        "sid": "abcd",
        "rev": "3n",
        "count": "-9007199254740993n",
        "ladder": [{"a": "5n", "1": "9007199254740995n"}, {"__proto__": "6n"}],
        "chain": chain,
        "either": {"type": "plain", "name": '12345678901234567890 " A'},
        "any": ["9007199254740993n", 5, 1.5, "9007199254740993"],
        "added": {"later": "9007199254740993n"},
    }
    assert results["thing"] == thing
    assert results["page"] == {"items": [thing], "next_cursor": None}
    assert results["sum"] == "9223372036854775807n"
    assert results["small"] == "5n"
    newer = {"type": "newer", "wide": 5}
    assert results["maybe"] == {"k": [None, {"type": "leaf", "wide": "9007199254740993n"}, newer]}
    assert results["none"] is None
    assert results["errors"] == [
        True,
        {"error": "too_much", "limit": "9007199254740993n", "ladder": [{"a": "1n"}], "chain": chain},
        {"error": "too_much", "limit": "3n", "ladder": None},
        False,
        True,
    ]


def test_every_digit_is_sent(results: dict[str, Any]) -> None:
    sent = [json.loads(body) for body in results["sent"]]
    assert sent[2]["params"] == {
        "amount": -9223372036854775808,
        "more": [1, 18446744073709551615],
        "chain": {
            "leaf": {"wide": 9007199254740993, "small": 1, "ratio": 0.5, "rest": {"leaf": None}, "constructor": "c"}
        },
    }
    assert sent[3]["params"] == {"amount": 5, "chain": {"leaf": None}}
    assert sent[6]["params"] == {"filter": {"count": 9007199254740993}}
    assert sent[7]["params"] == {"sid": "abcd", "rev": 9007199254740993, "data": {"any": [2**70]}}


def test_json_is_read_and_written_like_the_languages_own(results: dict[str, Any]) -> None:
    assert [json.loads(text) for text in results["round"]] == [
        {"1": [], "2": 1, "a": [1, -2.5, "x", None, True, {"b": "12345678901234567890n"}]},
        '"1234567890123456',
        0.1234567890123456789,
        "-12345678901234567890n",
        [],
        1234567890123456e2,
    ]
    assert results["refused"] == ["SyntaxError", "SyntaxError", "SyntaxError"]
    assert json.loads(results["written"]) == {"day": "1970-01-01T00:00:00.000Z", "list": [None, 5], "text": '\n"'}


RIGHT = """
import { Client, TooMuch } from "./client";
import type { Cents, Chain, Ladder, Thing, ThingFilter, ThingInput } from "./client";
const client = new Client();
export const cents: Cents = 5n;
export const ladder: Ladder = [{ a: 1n }];
export const thing: Thing = await client.thing.get({ sid: "abcd" });
export const rev: bigint = thing.rev;
export const sum: bigint = await client.desk.add({ amount: 1n, chain: { leaf: null }, more: [2n] });
export const filter: ThingFilter = { count: 2n };
export const small: number | undefined = thing.chain.leaf?.small;
export const input: ThingInput = { ladder, chain: thing.chain, either: { type: "plain", name: "" }, any: [2n, 1] };
export const limit = (error: unknown): bigint => (error instanceof TooMuch ? error.data.limit : 0n);
// @ts-expect-error
export const rounded: Cents = 5;
// @ts-expect-error
export const wide: Chain = { leaf: { wide: 5, small: 1, ratio: 1, constructor: "" } };
// @ts-expect-error
export const count: Promise<number> = client.desk.add({ amount: 1n, chain: { leaf: null } });
"""


def test_types_say_bigint(client: Path) -> None:
    (client / "right.ts").write_text(RIGHT)
    done = compile_types(client / "right.ts")
    assert done.returncode == 0, done.stdout


def test_each_schema_file_has_its_own(client: Path) -> None:
    files = {path.relative_to(client).as_posix() for path in client.rglob("*.[jt]s")}
    assert files - {"run.js", "right.ts"} == {
        f"{name}.{ending}" for name in ("client", "runtime", "modules/money", "modules/shop") for ending in ("ts", "js")
    }


# --- strings ----------------------------------------------------------------------------------------------------

RUN_STRINGS = """
import { Client, TooMuch } from "./client.js";
const sent = [];
const THING = `{"sid": "abcd", "rev": 3, "count": -9007199254740993, "ladder": [{"a": 5}],
  "chain": {"leaf": {"wide": 18446744073709551615, "small": 7, "ratio": 2, "constructor": "12", "rest": null}},
  "either": {"type": "leaf", "wide": 1, "small": 7, "ratio": 2, "constructor": "12"}, "secret": null, "any": ["12"]}`;
let answer = `{"jsonrpc": "2.0", "id": 1, "result": ${THING}}`;
const fetch = async (_, { body }) => { sent.push(body); return new Response(answer); };
const client = new Client("http://x", { fetch });
const thing = await client.thing.get({ sid: "abcd" });
await client.thing.set({ data: thing, rev: thing.rev });
await client.thing.find({ filter: { count: "9007199254740993" } });
await client.thing.delete({ sid: "1234" });
answer = `{"jsonrpc": "2.0", "id": 1, "result": 9223372036854775807}`;
const chain = { leaf: { wide: "9007199254740993", small: 1, ratio: 0.5, constructor: "12" } };
const sum = await client.desk.add({ amount: "-9223372036854775808", more: ["1", "18446744073709551615"], chain });
answer = `{"jsonrpc": "2.0", "id": 1, "error": {"code": 1500, "message": "too much", "data":
  {"error": "too_much", "limit": 9007199254740993, "ladder": [{"a": 1}]}}}`;
const error = await client.desk.add({ amount: "5", chain: { leaf: null } }).catch((caught) => caught);
console.log(JSON.stringify({ thing, sum, sent, known: error instanceof TooMuch, data: error.data }));
"""


def test_strings_by_option(strings: Path) -> None:
    (strings / "run.js").write_text(RUN_STRINGS)
    done = subprocess.run([NODE, "run.js"], cwd=strings, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    leaf = {"wide": "18446744073709551615", "small": 7, "ratio": 2, "constructor": "12"}
    thing = {
        "sid": "abcd",
        "rev": "3",
        "count": "-9007199254740993",
        "ladder": [{"a": "5"}],
        "chain": {"leaf": {**leaf, "rest": None}},
        "either": {"type": "leaf", **leaf, "wide": "1"},
        "secret": None,
        "any": ["12"],
    }
    assert results["thing"] == thing
    assert results["sum"] == "9223372036854775807"
    assert (results["known"], results["data"]["limit"]) == (True, "9007199254740993")
    assert results["data"]["ladder"] == [{"a": "1"}]
    params = [json.loads(body)["params"] for body in results["sent"]]
    numbers = {**leaf, "wide": 18446744073709551615}
    assert params[1] == {
        "data": {
            **thing,
            "rev": 3,
            "count": -9007199254740993,
            "ladder": [{"a": 5}],
            "chain": {"leaf": {**numbers, "rest": None}},
            "either": {"type": "leaf", **numbers, "wide": 1},
        },
        "rev": 3,
    }
    assert params[2:4] == [{"filter": {"count": 9007199254740993}}, {"sid": "1234"}]
    assert params[4] == {
        "amount": -9223372036854775808,
        "more": [1, 18446744073709551615],
        "chain": {"leaf": {"wide": 9007199254740993, "small": 1, "ratio": 0.5, "constructor": "12"}},
    }


STRING_TYPES = """
import { Client } from "./client";
import type { Cents, Thing, ThingFilter } from "./client";
const client = new Client();
export const cents: Cents = "5";
export const thing: Thing = await client.thing.get({ sid: "abcd" });
export const rev: string = thing.rev;
export const filter: ThingFilter = { count: "2" };
export const sum: string = await client.desk.add({ amount: "1", chain: { leaf: null }, more: ["2"] });
// @ts-expect-error
export const rounded: Cents = 5;
"""


def test_types_say_string(strings: Path) -> None:
    (strings / "right.ts").write_text(STRING_TYPES)
    done = compile_types(strings / "right.ts")
    assert done.returncode == 0, done.stdout
