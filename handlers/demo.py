"""The demo: what runs, and a little data: somebody with a key, more users, machines, a node; made once, found again."""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from nacl.public import PrivateKey

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeKey
from generated.tables.onboarding import NODE, POOL_VM, PoolVmNew
from handlers.identity.api_keys import ApiKeys
from handlers.identity.key_file import new_key_file, read_key_file
from handlers.identity.mycelium import address_of
from handlers.identity.secret import new_secret
from handlers.identity.users import Users
from handlers.plans.offer import DEFAULT_SKU
from handlers.settings import Settings
from handlers.supervise import Program

USERS = (
    (
        "Amani",
        "430:9364:d8d8:84a9:dd60:de78:c767:d361",
        "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f",
    ),
    (
        "Baraka",
        "5f5:db79:2573:eebf:15e3:4ae0:bb2f:88e1",
        "fd3384e132ad02a56c78f45547ee40038dc79002b90d29ed90e08eee762ae715",
    ),
    (
        "Chausiku",
        "569:215c:b0bf:ab7b:fe1b:f51d:b0c2:635a",
        "847c0d2c375234f365e660955187a3735a0f7613d1609d3a6a4d8c53aeaa5a22",
    ),
)
"""Name, address and key; the keys are the published test vectors, whose private halves everybody knows."""
POOL = 12
NODE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f demo-node-1"


class Access(NamedTuple):
    """Secrets of the demo, the same at every start."""

    admin_secret: str
    api_key: str
    key_file: Path
    """The Mycelium key that signs in."""


def admin_secret(directory: Path) -> str:
    """The demo's admin secret; made at the first start."""
    found = _load(directory)
    if "admin_secret" not in found:
        _keep(directory, {"admin_secret": new_secret("demo-")})
    return _load(directory)["admin_secret"]


def fill(database: Database, clock: Clock, directory: Path) -> Access:
    """Add what is missing of the demo's data. Secrets are kept in `demo.json` of the directory."""
    key_file = directory / "demo" / "priv_key.bin"
    private = read_key_file(key_file) if key_file.exists() else new_key_file(key_file)
    public = bytes(PrivateKey(private).public_key)
    user = database.run(lambda: Users(database, clock).admit(address_of(public), public.hex()))
    database.run(lambda: _users(database, clock))
    database.run(lambda: _pool(database, clock))
    database.run(lambda: _node(database, clock))
    keys = ApiKeys(database, clock)
    known = _load(directory).get("api_key")
    if known is None or keys.caller(known) is None:
        known = keys.create_for_user(user.sid, "demo").secret
        _keep(directory, {"api_key": known})
    return Access(admin_secret(directory), known, key_file)


def _users(database: Database, clock: Clock) -> None:
    users = Users(database, clock)
    for name, address, key in USERS:
        if users.at(address) is None:
            users.store.patch(users.admit(address, key).sid, {"display_name": name})


def log_file(settings: Settings, program: str) -> Path:
    """Where one of the demo's programs writes its log."""
    return settings.var_dir / "demo" / f"{program}.log"


def programs(settings: Settings, sandbox_port: int) -> list[Program]:
    """What runs: the sandbox, and the site that uses it."""
    ours = [sys.executable, "-m", "handlers"]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return [
        Program(
            "sandbox",
            [*ours, "sandbox", "--port", str(sandbox_port)],
            f"http://127.0.0.1:{sandbox_port}/_control",
            log_file(settings, "sandbox"),
        ),
        Program("site", [*ours, "serve"], f"http://{host}:{settings.port}/readyz", log_file(settings, "site")),
    ]


def _pool(database: Database, clock: Clock) -> None:
    store = Store.of(POOL_VM, database)
    for number in range(1, POOL + 1):
        machine: PoolVmNew = {"name": f"demo-{number:02d}", "address": f"5a0:{number:x}::1", "sku": DEFAULT_SKU}
        store.insert_once(machine, clock.now(), ("name",))


def _node(database: Database, clock: Clock) -> None:
    Store.of(NODE, database).insert_once(
        {
            "node_id": "demo-node-1",
            "repo_url": "https://forge.example/hero_ops/billing-demo-node-1.git",
            "keys": [NodeKey(public_key=NODE_KEY, valid_from=clock.now().replace(microsecond=0))],
            "kinds": ["hero_os_hour", "llm_token", "vm_hour"],
        },
        clock.now(),
        ("node_id",),
    )


def _load(directory: Path) -> dict[str, str]:
    path = directory / "demo.json"
    found: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def _keep(directory: Path, secrets: dict[str, str]) -> None:
    """Readable by nobody else, whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "demo.json"
    part = directory / f"demo.json.{os.getpid()}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({**_load(directory), **secrets}, file, indent=2)
    part.replace(path)
