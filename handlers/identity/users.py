"""Users by their keys: the first login pins a key to its address, and no other key gets in there."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import PUBLIC, Clock, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import KycStatus, User
from generated.tables.onboarding import USER
from handlers.identity.hooks import open_billing


class PinDiffers(Exception):
    """The address is pinned to another key, or the key to another address. `user` is who has it."""

    def __init__(self, user: User) -> None:
        super().__init__(user.mycelium_address)
        self.user = user


class Users:
    """The users in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.store = Store.of(USER, database)

    def at(self, address: str) -> User | None:
        """The user of an address."""
        return self.store.one({"mycelium_address": address})

    def known(self, address: str, public_key: str) -> User | None:
        """The user of this address and key; None where both are new. Raises `PinDiffers`."""
        user = self.at(address) or self.store.one({"public_key": public_key})
        if user is not None and (user.mycelium_address, user.public_key) != (address, public_key):
            raise PinDiffers(user)
        return user

    def admit(self, address: str, public_key: str) -> User:
        """The user of a key that was proved; pinned, with a balance, where it is new. Raises `PinDiffers`."""
        user = self.known(address, public_key)
        if user is None:
            user = self.store.new({"mycelium_address": address, "public_key": public_key}, self.clock.now())
            open_billing(Context(PUBLIC, self.clock, self.database, "login"), user)
        return user

    def rename(self, sid: str, name: str | None) -> None:
        """Show a user by another name, or by the address."""
        if self.store.get(sid).display_name != name:
            self.store.patch(sid, {"display_name": name})

    def lock(self, sid: str) -> User:
        """A user whom nobody else writes until the transaction ends. Raises `NotFound`."""
        return self.store.object(self.store.locked(sid, None))

    def verified(self, sid: str, status: KycStatus, at: datetime | None) -> None:
        """Write down how the verification of a user stands, and since when it is completed."""
        user = self.store.get(sid)
        if (user.kyc_status, user.kyc_verified_at) != (status, at):
            self.store.patch(sid, {"kyc_status": status, "kyc_verified_at": at})
