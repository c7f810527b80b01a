"""The layers of the house go one way: who may import whom is written here once, and held."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from codegen.emit.run.manifest import EMITTING

ROOT = Path(__file__).resolve().parents[2]

# A room may import itself, what stands here, and libraries. How values are written on the wire, kept in columns,
# matched, named in Python, and which tables the runtime keeps for itself is said once, in modules of the runtime; the
# generator reads them there.
MAY_IMPORT = {
    "codegen.source": set(),
    "codegen.syntax": {"codegen.source"},
    "codegen.model": {
        "codegen.source",
        "codegen.syntax",
        "codegen.runtime.storage.own_tables",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.pattern",
    },
    "codegen.rules": {"codegen.source", "codegen.syntax", "codegen.model"},
    "codegen.evolve": {
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.types",
    },
    # Tables are made by the same SQL that migrations write.
    "codegen.emit": {
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.evolve.ddl",
        "codegen.runtime.storage.own_tables",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.pattern",
        "codegen.runtime.values.python_names",
        "codegen.runtime.values.types",
    },
    "codegen.editor": {"codegen.source", "codegen.syntax", "codegen.model", "codegen.rules"},
    "codegen.commands": {
        "codegen.editor",
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.rules",
        "codegen.evolve",
        "codegen.emit",
        "codegen.runtime",
    },
    "codegen.cli": {"codegen.commands", "codegen.runtime.terminal"},
    "codegen.runtime": set(),
    "generated": {"codegen.runtime"},
    "providers": {"generated", "codegen.runtime"},
    "handlers": {"generated", "codegen.runtime"},
}
# Inside `codegen.runtime`: rooms one way, what stands further up imports what stands further down.
VOCABULARY = {"clock", "context", "errors", "start"}
RUNTIME_MAY_IMPORT: dict[str, set[str]] = {
    "testing": {*VOCABULARY, "plugins", "storage", "values"},
    "http": {*VOCABULARY, "processes", "reference", "rpc", "storage", "values"},
    "rpc": {*VOCABULARY, "storage", "values"},
    "storage": {*VOCABULARY, "values"},
    "client": {"errors"},
    "plugins": {"errors"},
    "reference": {"values"},
    "context": {"clock", "values"},
    "values": {"clock"},
    "errors": set(),
    "start": set(),
    "clock": set(),
    "processes": set(),
    "terminal": set(),
}
TESTING = {"hypothesis", "pytest"}
# Inside `handlers`. What every room may import:
COMMON = {
    "audit",
    "demo_data",
    "domain",
    "hash_chain",
    "newest_sid",
    "origin",
    "plugins",
    "settings",
    "version",
}
# Which domain may import which; all others meet through what the composition root hands them.
DOMAIN_MAY_IMPORT: dict[str, set[str]] = {
    "work": set(),
    "pricing": set(),
    "usage_format": set(),
    "node": {"admin", "identity", "ledger", "plans", "usage", "usage_format"},
    "admin": {"work"},
    "ledger": {"admin", "pricing", "work"},
    "identity": {"admin", "ledger", "work"},
    "prices": {"admin", "ledger", "pricing", "work"},
    "usage": {"admin", "ledger", "prices", "pricing", "usage_format", "work"},
    "plans": {"admin", "ledger", "pricing", "work"},
    "notices": {"identity", "plans", "work"},
    "checkpoints": {"ledger", "node"},
    "proofs": {"checkpoints", "ledger", "node", "prices", "pricing", "usage"},
    "payments": {"admin", "ledger", "work"},
    "kyc": {"admin", "identity", "payments", "work"},
    "vms": {"admin", "ledger", "plans", "work"},
    "rebuild": {"admin", "identity", "kyc", "ledger", "payments", "plans", "prices", "usage", "work"},
    "pages": {"identity"},
    "home": {
        "identity",
        "kyc",
        "ledger",
        "notices",
        "pages",
        "payments",
        "payments.pages",
        "plans",
        "prices",
        "pricing",
        "usage",
        "vms",
        "work",
    },
}
# Rooms inside a domain may import the domain, each other, and beside what the domain may:
ENDS_MAY_IMPORT: dict[str, set[str]] = {
    "pages": {"pages", "identity"},
    "commands": {"commands", "composition"},
    "demo": set(),
    "domain": set(),
}
# The composition root and what belongs to no domain: it knows the records, work and the frame of pages, no domain.
ROOT_ROOMS = {
    "app",
    "cli",
    "commands",
    "composition",
    "demo",
    "domains",
    "private_files",
    "production_checks",
    "server",
    "settings_list",
}
ROOT_MAY_IMPORT = {*ROOT_ROOMS, *COMMON, "pages", "work"}
# The tables of each domain: no other reads or writes them, save where `READS` says why.
TABLES = {
    "identity": {"USER", "LOGIN_CHALLENGE", "SESSION", "LOGIN_EVENT", "RATE_WINDOW", "API_KEY"},
    "ledger": {"BILLING", "LEDGER_ENTRY", "LEDGER_TRANSACTION", "LEDGER_QUEUE", "CREDIT_LOT"},
    "payments": {
        "TOP_UP",
        "PAYMENT_EVENT",
        "REFUND",
        "DISPUTE",
        "WEBHOOK_INBOX_ENTRY",
        "RECONCILIATION",
        "PROVIDER_FEE",
    },
    "kyc": {"KYC_SESSION", "KYC_EVENT"},
    "prices": {"PRICE_BOOK", "PRICE"},
    "usage": {
        "NODE",
        "STREAM_CURSOR",
        "CONSUMED_COMMIT",
        "QUARANTINED_LINE",
        "USAGE_SKIP",
        "USAGE_RECORD",
        "DAILY_USAGE",
    },
    "plans": {"PLAN_PURCHASE"},
    "vms": {"VM_ALLOCATION", "POOL_VM", "WAITING_LIST_ENTRY"},
    "admin": {"OPERATOR_ACT"},
    "checkpoints": {"CHECKPOINT_ROOT", "LEDGER_SUBTREE"},
    "work": {"OPERATOR_ALERT", "NOTICE", "ALERT_SETTINGS", "LEASE", "JOB_RUN"},
}
READS = {
    (
        "ledger",
        "USER",
    ): "whose balance it is, and whether verified; identity stands above: it opens balances by the ledger",
    ("prices", "BILLING"): "who paid first when; the tier that is shown is written by the ledger's store",
    ("prices", "USAGE_RECORD"): "what another book would have charged for it",
    ("proofs", "USAGE_RECORD"): "the lines of a user, as they were priced",
    ("proofs", "USER"): "whose proof it is",
    ("node", "NODE"): "whether it is retired, and what it may report",
    ("node", "STREAM_CURSOR"): "how much of a node's log an allowance counts",
    ("node", "USER"): "whether there is one to be charged",
    ("identity", "NODE"): "whether a caller is a node that is read from; the demo's node",
    ("usage", "USER"): "who pays",
    ("usage", "BILLING"): "since when, which is where the ladder begins",
    ("usage", "VM_ALLOCATION"): "whose machine a line names",
    ("notices", "NOTICE"): "work writes notices for every domain; here they are read and sent",
    ("notices", "ALERT_SETTINGS"): "work reads the threshold for every domain; here it is set",
    ("plans", "USER"): "whether the buyer is verified",
    ("plans", "BILLING"): "whose period ends; what a balance shows of a plan is written by the ledger's store",
    ("vms", "USER"): "whether verified",
    ("payments", "USER"): "whose top-up it is; one statement joins who is verified with what is still held",
    ("admin", "API_KEY"): "an operator is named by the key; identity stands above, on the ledger, which records acts",
}
# Rules and prices take values and return values: no database, no clock.
PURE_HANDLERS = (
    "handlers/pricing",
    "handlers/usage_format",
    "handlers/ledger/wallet.py",
    "handlers/ledger/chain.py",
    "handlers/checkpoints/merkle.py",
    "handlers/checkpoints/signature.py",
    "handlers/payments/states.py",
    "handlers/kyc/states.py",
    "handlers/kyc/schedule.py",
    "handlers/plans/rules.py",
    "handlers/vms/states.py",
    "handlers/vms/pool_file.py",
    "handlers/vms/ssh_key.py",
    "handlers/usage/line_rules.py",
    "handlers/usage/ssh_signature.py",
    "handlers/usage/signed_commit.py",
)
NO_DATABASE_NO_CLOCK = ("codegen.runtime.storage", "codegen.runtime.context", "generated.tables", "time", "random")
OURS = ("codegen", "generated", "handlers", "providers", "tests", "benchmarks")
# Pure by design: no database, no network, no clock.
PURE = ("codegen/source", "codegen/syntax", "codegen/model", "codegen/rules", "codegen/evolve")
IMPURE = {"peewee", "psycopg", "sqlite3", "httpx", "falcon", "httptools", "requests"}


def modules(room: str) -> list[Path]:
    path = ROOT / room.replace(".", "/")
    return [path.with_suffix(".py")] if path.with_suffix(".py").exists() else sorted(path.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, wherever the import stands."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    allowed = {room, *MAY_IMPORT[room]}
    for path in modules(room):
        for name in imports(path):
            if name.split(".")[0] in OURS and name not in ("codegen", "codegen.__init__"):
                assert any(name == room_ or name.startswith(f"{room_}.") for room_ in allowed), (
                    f"{path.relative_to(ROOT)} imports {name}; {room} may import {sorted(allowed)}"
                )


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_know_no_database_and_no_network(room: str) -> None:
    for path in modules(room):
        found = {name.split(".")[0] for name in imports(path)} & IMPURE
        assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


def when_it_runs(path: Path) -> Iterator[str]:
    """The imports of a file without those that stand there for the type checker."""
    tree = ast.parse(path.read_text())
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    typing = {inner for block in blocks for inner in ast.walk(block)}
    for node in ast.walk(tree):
        if node not in typing and isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_manifest_knows_what_output_follows_from() -> None:
    """Its digest of the generator covers every room that the emitters reach."""
    reached = {
        room for name in ("emit", "evolve", "model", "syntax", "source") for room in MAY_IMPORT[f"codegen.{name}"]
    }
    for room in sorted({"codegen.emit", *reached}):
        path = room.removeprefix("codegen.").replace(".", "/")
        assert any(path == each or path.startswith(f"{each}/") for each in EMITTING), room


def test_the_rooms_of_the_runtime_go_one_way() -> None:
    runtime = ROOT / "codegen/runtime"
    for path in sorted(runtime.rglob("*.py")):
        here = path.relative_to(runtime).parts[0].removesuffix(".py")
        if here == "__init__":
            continue
        for name in when_it_runs(path):
            if name.startswith("codegen.runtime."):
                there = name.split(".")[2]
                assert there in {here, *RUNTIME_MAY_IMPORT[here]}, f"{path.relative_to(ROOT)}: {name}"


def test_only_the_kits_import_the_tools_of_tests() -> None:
    """A server runs without pytest and hypothesis."""
    for room in ("codegen", "handlers", "providers"):
        for path in modules(room):
            if "testing" not in path.relative_to(ROOT).parts:
                found = {name.split(".")[0] for name in imports(path)} & TESTING
                assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in (ROOT / "codegen").iterdir() if (path / "__init__.py").exists()}
    assert {f"codegen.{room}" for room in rooms} <= MAY_IMPORT.keys()
    runtime = {path.stem for path in (ROOT / "codegen/runtime").iterdir() if not path.name.startswith("__")}
    assert runtime == RUNTIME_MAY_IMPORT.keys()


def room_of(name: str) -> str:
    """`handlers.payments.pages.top_up` stands in `payments.pages`, `handlers.payments.inbox` in `payments`."""
    parts = [*name.split(".")[1:], ""]  # the package itself is a room without a name
    inside = parts[0] in DOMAIN_MAY_IMPORT and len(parts) > 1 and parts[1] in ENDS_MAY_IMPORT
    return ".".join(parts[:2]) if inside else parts[0]


def handler_imports() -> Iterator[tuple[Path, str, str]]:
    """Each file of `handlers` with its room and one that it imports."""
    for path in modules("handlers"):
        here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
        for name in imports(path):
            if name.startswith("handlers."):
                there = room_of(name)
                if there != here:
                    yield path, here, there


def test_domains_import_only_what_they_may() -> None:
    for path, here, there in handler_imports():
        domain, _, end = here.partition(".")
        if domain not in DOMAIN_MAY_IMPORT:
            continue
        allowed = {domain, *COMMON, *DOMAIN_MAY_IMPORT[domain]}
        if end:
            allowed |= ENDS_MAY_IMPORT[end] | {f"{domain}.{other}" for other in ENDS_MAY_IMPORT}
        assert there in allowed, f"{path.relative_to(ROOT)} imports handlers.{there}; it may import {sorted(allowed)}"


def test_the_composition_root_knows_no_domain_by_name() -> None:
    for path, here, there in handler_imports():
        if here in ROOT_ROOMS:
            assert there in ROOT_MAY_IMPORT, f"{path.relative_to(ROOT)} imports handlers.{there}"


def test_every_room_of_handlers_is_in_a_table() -> None:
    rooms = {
        path.stem for path in (ROOT / "handlers").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - {"__init__", "__main__"} == {*COMMON, *ROOT_ROOMS, *DOMAIN_MAY_IMPORT}


def test_no_request_waits_while_another_looks_something_up() -> None:
    """`cached_property` of Python 3.11 has one lock for all objects of a class, held while the value is made."""
    for path in modules("handlers"):
        assert "functools.cached_property" not in set(imports(path)), path.relative_to(ROOT)


def used_tables(path: Path) -> set[str]:
    """Tables that a file stores or reads by their type, or names in its SQL; in its statements, if it uses them."""
    known = {each for names in TABLES.values() for each in names}
    found = {name for text in used_statements(path) for name in named_tables(text)}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("generated.tables"):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= named_tables(node.value)
    return found & known


def named_tables(text: str) -> set[str]:
    return {name.upper() for name in re.findall(r'\b(?:FROM|JOIN|UPDATE|INTO)\s+"?([a-z_]+)', text)}


def used_statements(path: Path) -> list[str]:
    """The SQL that a file takes from the statements of a domain."""
    modules = [
        name.removesuffix(".statements") for name in imports(path) if re.fullmatch(r"handlers\.\w+\.statements", name)
    ]
    used = set(re.findall(r"\bstatements\.([A-Z_0-9]+)", path.read_text()))
    return [
        text
        for module in modules
        for name in used
        if isinstance(text := getattr(import_module(f"{module}.statements"), name, None), str)
    ]


def test_domains_keep_to_their_tables() -> None:
    """An audit (`audit*.py`) reads whatever it proves, by statements that nobody else uses; so does a rebuild."""
    used = set()
    for path in modules("handlers"):
        domain = path.relative_to(ROOT / "handlers").parts[0]
        proving = domain == "rebuild" or path.name.startswith(("audit", "statements"))
        if domain in DOMAIN_MAY_IMPORT and not proving:
            used |= {(domain, table) for table in used_tables(path) - TABLES.get(domain, set())}
    assert used == READS.keys(), f"tables of another domain: {sorted(used ^ READS.keys())}"


def test_pages_touch_no_tables() -> None:
    for path in modules("handlers"):
        if {"pages", "home"} & set(path.relative_to(ROOT).parts):
            text = path.read_text()
            for word in ("generated.tables", "storage.store", ".execute(", ".prepare("):
                assert word not in text, f"{path.relative_to(ROOT)} uses {word}; pages call services"


@pytest.mark.parametrize("place", PURE_HANDLERS)
def test_rules_and_prices_are_pure(place: str) -> None:
    for path in [ROOT / place] if place.endswith(".py") else modules(place.replace("/", ".")):
        for name in imports(path):
            assert not name.startswith(NO_DATABASE_NO_CLOCK), f"{path.relative_to(ROOT)} imports {name}"


def test_no_vendor_is_named_in_handlers_nor_in_the_sandboxs_own_files() -> None:
    vendors = re.compile("stripe|clickpesa|idenfy", re.IGNORECASE)
    for path in [*(ROOT / "handlers").rglob("*"), *(ROOT / "providers/sandbox").glob("*")]:
        if path.is_file() and "__pycache__" not in path.parts:
            found = vendors.search(path.read_text())
            assert found is None, f"{path.relative_to(ROOT)} names {found and found[0]}"


def test_nothing_generic_knows_the_product() -> None:
    for path in (ROOT / "codegen").rglob("*"):
        if path.suffix in (".py", ".j2"):
            text = path.read_text()
            for word in ("Hero", "hero_onboarding", "onboarding", "mycelium", "Stripe"):
                assert word not in text, f"{path.relative_to(ROOT)} speaks of {word}"


def test_the_clock_has_one_place() -> None:
    """Time comes from the one `Clock`, so that tests can set it."""
    clock = ROOT / "codegen/runtime/clock.py"
    for room in ("codegen/runtime", "handlers", "providers"):
        for path in modules(room.replace("/", ".")):
            text = path.read_text()
            if path != clock:
                assert "datetime.now(" not in text and "utcnow(" not in text, path.relative_to(ROOT)
