"""Demo data: somebody with a key who can sign in, and more users."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from nacl.public import PrivateKey

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from handlers.demo_data import DemoSecrets, Hint, call, near, this_program
from handlers.domain import Site
from handlers.identity.api_keys import ApiKeys
from handlers.identity.key_file import new_key_file, read_key_file
from handlers.identity.mycelium import address_of
from handlers.identity.users import Users
from handlers.settings import Settings

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


def key_file_of(var_dir: Path) -> Path:
    """The key of the demo's user."""
    return var_dir / "demo" / "priv_key.bin"


def settings(said: Settings) -> dict[str, object]:
    """The login page shows the command that works here: this program, with the key of the demo's user."""
    return {"login_command": f"{this_program()} login --key {shlex.quote(near(key_file_of(said.var_dir)))}"}


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """Add what is missing; how to sign in, and a call as the user."""
    database, clock = site.database, site.clock
    key_file = key_file_of(secrets.directory)
    private = read_key_file(key_file) if key_file.exists() else new_key_file(key_file)
    public = bytes(PrivateKey(private).public_key)
    user = database.run(lambda: Users(database, clock).admit(address_of(public), public.hex()))
    database.run(lambda: _users(database, clock))
    keys = ApiKeys(database, clock)
    key = secrets.get(
        "api_key", lambda: keys.create_for_user(user.sid, "demo").secret, lambda known: keys.caller(known) is not None
    )
    url = site.settings.public_url
    return [
        Hint("login", f"{this_program()} login {url} --key {shlex.quote(near(key_file))}"),
        Hint("yourself", call(url, "identity.me", f"Authorization: Bearer {key}")),
    ]


def _users(database: Database, clock: Clock) -> None:
    users = Users(database, clock)
    for name, address, key in USERS:
        if users.at(address) is None:
            users.store.patch(users.admit(address, key).sid, {"display_name": name})
