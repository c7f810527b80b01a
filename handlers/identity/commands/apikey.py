"""`hero-onboarding apikey`: make, list and revoke API keys; a key is printed once, when it is made."""

import json
from datetime import datetime, timedelta

import click

from codegen.runtime.context import ADMIN, Context, SystemClock
from codegen.runtime.errors import NotFound
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import ApiKey
from handlers.admin.acts import COMMAND_LINE, NO_REASON, Acts
from handlers.commands import start
from handlers.commands.group import CommandGroup
from handlers.identity.api_keys import ApiKeys, NewApiKey


def _reason(context: click.Context, param: click.Parameter, value: str) -> str:
    if not 1 <= len(value) <= 500:
        raise click.UsageError("--reason has 1 to 500 characters")
    return value


LONGEST_DAYS = 36_500
_REASON = click.option("--reason", default=NO_REASON, callback=_reason, help="Why; it is kept in the audit log.")


def _keys() -> ApiKeys:
    return ApiKeys(start.database(start.settings()), SystemClock())


def _record(keys: ApiKeys, act: str, reason: str, before: ApiKey | None, after: ApiKey) -> None:
    """Write down what an operator did with a key, in the transaction that does it."""
    Acts(keys.database).record(
        Context(ADMIN, keys.clock, keys.database, new_sid()),
        f"apikey.{act}",
        after.sid,
        {},
        reason,
        before=None if before is None else _shown(before, keys.now()),
        after=_shown(after, keys.now()),
        operator=COMMAND_LINE,
    )


@click.group(name="apikey", cls=CommandGroup)
def command() -> None:
    """Make, list and revoke API keys."""


@command.command()
@click.option("--user", metavar="SID", help="The key may do what this user may.")
@click.option("--node", metavar="ID", help="The key is this registered node's.")
@click.option("--admin", is_flag=True, help="The key may do what the admin secret may.")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), help="How long it is good; for ever where left out.")
@_REASON
@click.option("--json", "as_json", is_flag=True, help="Print {sid, key}.")
def create(
    user: str | None, node: str | None, admin: bool, name: str, days: int | None, reason: str, as_json: bool
) -> None:
    """Make a key and print it. It is kept as a hash, so this is the only time it is shown."""
    if [bool(user), bool(node), admin].count(True) != 1:
        raise click.UsageError("give one of --user SID, --node ID, --admin")
    if not 1 <= len(name) <= 80:
        raise click.UsageError("--name has 1 to 80 characters")
    keys = _keys()
    expires = keys.now() + timedelta(days=days) if days else None

    def work() -> NewApiKey:
        if user:
            made = keys.create_for_user(user, name, expires)
        elif node:
            made = keys.create_for_node(node, name, expires)
        else:
            made = keys.create_for_admin(name, expires)
        _record(keys, "create", reason, None, made.key)
        return made

    try:
        made = keys.database.run(work)
    except NotFound as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps({"sid": made.key.sid, "key": made.secret}) if as_json else made.secret)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def list_(as_json: bool) -> None:
    """List the keys, without their secrets."""
    keys = _keys()
    found = [_shown(key, keys.now()) for key in keys.all()]
    if as_json:
        click.echo(json.dumps(found))
        return
    for key in found:
        click.echo(
            f"{key['sid']}  {key['prefix']}…  {key['scope']:<5}  {key['of'] or '-':<26}  {key['state']:<8}  "
            f"{key['name']}"
        )


def _shown(key: ApiKey, now: datetime) -> dict[str, str | None]:
    ended = key.expires_at is not None and key.expires_at <= now
    return {
        "sid": key.sid,
        "prefix": key.prefix,
        "scope": str(key.scope),
        "of": key.user_sid or key.node_id,
        "name": key.name,
        "state": "revoked" if key.revoked_at else "expired" if ended else "active",
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


@command.command()
@click.argument("sid")
@_REASON
def revoke(sid: str, reason: str) -> None:
    """End a key now."""
    keys = _keys()

    def work() -> None:
        before, after = keys.keys.get(sid), keys.revoke(sid)
        if before.revoked_at is None:
            _record(keys, "revoke", reason, before, after)

    try:
        keys.database.run(work)
    except NotFound:
        raise click.ClickException(f"no key has the sid {sid}") from None
    click.echo("revoked")
