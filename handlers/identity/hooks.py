"""What goes along with a user: an address in its one form, and a balance as long as nothing has moved it."""

from contextlib import suppress

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams
from codegen.runtime.storage.hooks import Hooks
from generated.models.onboarding import User
from generated.tables.onboarding import USER
from handlers.identity.mycelium import KeyRefused, address_of, parse_address, parse_public_key
from handlers.ledger.billing import billings


def in_one_form(context: Context, user: User) -> User:
    """A new user with the address as it is written everywhere, for it is looked up by its text.

    Raises `InvalidParams` for a key that nobody can log in with, and for any address but the one that its key derives.
    """
    try:
        key = parse_public_key(user.public_key)
    except KeyRefused as error:
        raise InvalidParams("data.public_key", str(error), "key") from None
    try:
        address = parse_address(user.mycelium_address)
    except ValueError:
        raise InvalidParams("data.mycelium_address", "not a Mycelium address", "address") from None
    if address != address_of(key):
        raise InvalidParams("data.mycelium_address", "not the address of this public key", "address")
    return user.model_copy(update={"mycelium_address": address})


def _before_set(context: Context, before: User | None, user: User) -> User | None:
    if before is None:
        return in_one_form(context, user)
    # An address may be given in another spelling of what it is; neither it nor the key can be changed.
    with suppress(ValueError):
        return user.model_copy(update={"mycelium_address": parse_address(user.mycelium_address)})
    return None


def open_billing(context: Context, user: User) -> None:
    """Give a new user a balance."""
    billings(context.database).new({"user_sid": user.sid}, context.clock.now())


def _after_set(context: Context, before: User | None, user: User) -> None:
    if before is None:
        open_billing(context, user)


def close_billing(context: Context, user: User) -> None:
    """Take a balance away that nothing ever moved; any other one keeps its user."""
    store = billings(context.database)
    billing = store.one({"user_sid": user.sid})
    if billing is not None and billing.lifetime_paid == 0 and billing.credit_balance == 0:
        store.delete(billing.sid)


USER_HOOKS = Hooks(
    type=USER,
    pre_new=in_one_form,
    post_new=open_billing,
    pre_set=_before_set,
    post_set=_after_set,
    pre_delete=close_billing,
)
