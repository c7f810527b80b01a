"""What goes along with a user: a balance of zero, from the first moment and as long as nothing has moved it."""

from codegen.runtime.context import Context
from codegen.runtime.store_hooks import Hooks
from generated.models.onboarding import User
from generated.tables.onboarding import USER
from handlers.ledger.billing import billings


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


USER_HOOKS = Hooks(type=USER, post_new=open_billing, post_set=_after_set, pre_delete=close_billing)
