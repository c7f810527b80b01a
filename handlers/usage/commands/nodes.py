"""`hero-onboarding nodes`: what operators do about nodes on the machine itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from codegen.runtime.context import ADMIN, Context, SystemClock
from codegen.runtime.errors import DeclaredError, InvalidParams
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import LineUnclear
from generated.models.onboarding import CommitId, Node, NodeId, RepoPath, ResourceKind, SshPublicKey, Url, UsageLayout
from handlers.admin.acts import COMMAND_LINE, NO_REASON
from handlers.commands import start
from handlers.commands.group import CommandGroup
from handlers.commands.moment import Moment
from handlers.plugins import installed
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.aggregation import Aggregation
from handlers.usage.announcing import detail_of
from handlers.usage.forges import FORGE, Forges
from handlers.usage.mirrors import Mirrors
from handlers.usage.node_repositories import ForgeRepositories
from handlers.usage.nodes_service import NodesHandler
from handlers.usage.registration import Registration
from handlers.usage.settings import UsageSettings

_REASON = click.option("--reason", default=NO_REASON, help="Why; it is kept in the audit log.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_NODE = click.option("--node-id", required=True, help="The node's name.")
_TIME = Moment()


@contextmanager
def _refusals() -> Iterator[None]:
    """What is refused, as one sentence."""
    try:
        with start.database_faults():
            yield
    except InvalidParams as error:
        raise click.ClickException(str(error)) from None
    except DeclaredError as error:
        raise click.ClickException(detail_of(error)) from None


def _settings() -> UsageSettings:
    settings = start.settings()
    assert isinstance(settings, UsageSettings)
    return settings


def _registration(database: Database) -> Registration:
    return Registration(database, _settings().logs, COMMAND_LINE)


def _opened() -> tuple[Database, Context, Aggregation]:
    settings, clock = _settings(), SystemClock()
    assert isinstance(settings, PriceSettings)
    database = start.database(settings)
    mirrors = Mirrors.below(settings.mirrors, settings.fetch_limits)
    aggregation = Aggregation.over(database, clock, Log(), mirrors, settings, COMMAND_LINE)
    return database, Context(ADMIN, clock, database, new_sid()), aggregation


def _require(option: str, type_: Any, value: object) -> None:
    try:
        TypeAdapter(type_).validate_python(value)
    except ValidationError as error:
        raise click.UsageError(f"{option}: {error.errors()[0]['msg']}") from None


def _tell(node: Node, as_json: bool, sentence: str) -> None:
    click.echo(node.model_dump_json() if as_json else f"{node.node_id}: {sentence}")


@click.group(name="nodes", cls=CommandGroup)
def command() -> None:
    """Nodes, their keys and repositories."""


@command.command()
@_NODE
@click.option("--repo-url", required=True, help="Where its repository is: https://… or file://…")
@click.option("--public-key", required=True, help="Its Ed25519 key as ssh-ed25519 AAAA…, or a file that holds it.")
@click.option("--kinds", required=True, help="What it may report, with commas: hero_os_hour,llm_token")
@click.option("--valid-from", type=_TIME, help="From when on the key is good (UTC).")
@click.option("--root-commit", help="The first commit of its repository; the first one that is consumed without.")
@click.option(
    "--layout", type=click.Choice([each.value for each in UsageLayout]), help="shared: nodes/<node>/ folders."
)
@click.option(
    "--sets-prices/--no-prices",
    default=None,
    help="Whether its records may bring their price; those of a log that this host keeps and of the older layout may.",
)
@_REASON
@_JSON
def register(
    node_id: str,
    repo_url: str,
    public_key: str,
    kinds: str,
    valid_from: datetime | None,
    root_commit: str | None,
    layout: str | None,
    sets_prices: bool | None,
    reason: str,
    as_json: bool,
) -> None:
    """Register a node, or give a registered one a further key."""
    _require("--node-id", NodeId, node_id)
    _require("--repo-url", Url, repo_url)
    if not public_key.startswith("ssh-"):
        try:
            with click.open_file(public_key) as file:
                public_key = file.read().strip()
        except OSError as error:
            raise click.UsageError(f"--public-key: cannot read {public_key}: {error.strerror}") from None
    _require("--public-key", SshPublicKey, public_key)
    named = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    _require("--kinds", list[ResourceKind], named)
    if root_commit is not None:
        _require("--root-commit", CommitId, root_commit)
    repositories, context, database = _at_forges()
    with _refusals():
        node = database.run(
            lambda: _registration(database).register(
                context,
                node_id=node_id,
                repo_url=repo_url,
                public_key=public_key,
                kinds=named,
                valid_from=valid_from,
                root_commit=root_commit,
                layout=None if layout is None else UsageLayout(layout),
                sets_prices=sets_prices,
                reason=reason,
            )
        )
    _tell(node, as_json, f"registered with {len(node.keys)} keys for {node.repo_url}")
    if unpriced := _unpriced(database, named):
        told = f"no price book knows {', '.join(unpriced)}; such lines are set aside as long as none does"
        click.echo(f"{node_id}: {told}", err=True)
    seen = repositories.announcing.see_to(node.repo_url)
    _tell_webhook(node_id, seen.url, seen.error)


def _unpriced(database: Database, kinds: list[str]) -> list[str]:
    """Kinds without a price, mostly misspelled ones; none where no book was loaded yet, as a site does."""
    known = {rate.kind for book in PriceBooks(database, SystemClock()).every() for rate in book.rates}
    return [kind for kind in kinds if known and kind not in known]


@command.command(name="revoke-key")
@_NODE
@click.option("--public-key", required=True, help="The key.")
@click.option("--valid-until", type=_TIME, required=True, help="From when on it is good no more (UTC).")
@_REASON
@_JSON
def revoke_key(node_id: str, public_key: str, valid_until: datetime, reason: str, as_json: bool) -> None:
    """Take no commits from a key that were signed at a time or after it."""
    database, context, _ = _opened()
    with _refusals():
        node = database.run(
            lambda: _registration(database).revoke_key(
                context, node_id=node_id, public_key=public_key, valid_until=valid_until, reason=reason
            )
        )
    _tell(node, as_json, f"the key is good until {valid_until:%Y-%m-%dT%H:%M:%SZ}")


@command.command()
@_NODE
@_REASON
@_JSON
def retire(node_id: str, reason: str, as_json: bool) -> None:
    """Read no more from a node."""
    database, context, _ = _opened()
    with _refusals():
        node = database.run(lambda: _registration(database).retire(context, node_id=node_id, reason=reason))
    _tell(node, as_json, "retired")


@command.command()
@_NODE
@click.option("--commit", required=True, help="The commit at which its repository is halted.")
@click.option(
    "--line",
    "place",
    metavar="[FILE:]NUMBER",
    help="Leave out this line only, not the whole commit; with its file, where several have such a line.",
)
@click.option("--reason", required=True, help="Why; it is kept in the audit log.")
@_JSON
def skip(node_id: str, commit: str, place: str | None, reason: str, as_json: bool) -> None:
    """Go on behind a bad commit; the next run of the aggregator does."""
    path, line = _place(place) if place is not None else (None, None)
    _, context, aggregation = _opened()
    with _refusals():
        try:
            node = aggregation.decisions.skip(context, node_id, commit, reason, line, path)
        except LineUnclear as error:
            named = ", ".join(error.paths) or "none is known"
            raise click.ClickException(f"{error}, as --line FILE:{line}; files with such a line: {named}") from None
    _tell(node, as_json, f"the next run goes on behind {f'line {place} of ' if place else ''}{commit}")


def _place(text: str) -> tuple[str | None, int]:
    """`usage/usage_2026-11-20-19.jsonl:17`, or the number alone."""
    path, _, number = text.rpartition(":")
    if not re.fullmatch("[1-9][0-9]{0,8}", number):
        raise click.UsageError("--line is a number from 1 on, or FILE:NUMBER")
    if path:
        _require("--line", RepoPath, path)
    return path or None, int(number)


@command.command(name="list")
@_JSON
def list_(as_json: bool) -> None:
    """List the nodes: how far each was read, and what stands still."""
    database, context, aggregation = _opened()
    with _refusals():
        found = NodesHandler(database, aggregation.nodes, aggregation.mirrors, _registration(database)).overview(
            context
        )
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in found]))
        return
    for each in found:
        node = each.node
        notes = [f"commits behind: {each.unapplied_commits}"] if each.unapplied_commits else []
        notes += [f"lines set aside: {each.quarantined}"] if each.quarantined else []
        notes += ["silent"] if each.silent else []
        last = node.last_commit or "-"
        click.echo(f"{node.node_id:<24}  {node.state.value:<8}  {last:<40}  {', '.join(notes)}".rstrip())
        if node.halted_reason is not None:
            at = f" at {node.halted_commit}" if node.halted_commit else ""
            click.echo(f"    {node.halted_reason.value}{at}: {node.halted_detail}")
            click.echo(f"    {each.advice}")


@command.command()
@_JSON
def discover(as_json: bool) -> None:
    """List the repositories at the forges, registered or not; exit 1 if a forge does not answer."""
    repositories, _, _ = _at_forges()
    if not repositories.known:
        raise click.ClickException("no forge is set up: see HERO_ONBOARDING_FORGE_URL and HERO_ONBOARDING_NODE_REPOS")
    found = repositories.discover()
    if as_json:
        click.echo(found.model_dump_json())
    else:
        for each in found.repositories:
            notes = [name for name, told in (("archived", each.archived), ("empty", each.empty)) if told]
            click.echo(f"{each.node_id or '-':<24}  {each.clone_url}  {', '.join(notes)}".rstrip())
    for failure in found.failed:
        click.echo(f"{failure.forge}: {failure.detail}", err=True)
    if found.failed:
        raise SystemExit(1)


@command.command(name="make-repository")
@_NODE
@_REASON
@_JSON
def make_repository(node_id: str, reason: str, as_json: bool) -> None:
    """Make a node's repository at the forge, if it is missing; prints its address."""
    _require("--node-id", NodeId, node_id)
    repositories, context, _ = _at_forges()
    with _refusals():
        made = repositories.make(context, node_id, reason)
    click.echo(made.model_dump_json() if as_json else made.clone_url)
    _tell_webhook(node_id, made.webhook_url, made.webhook_error)


@command.command(name="set-webhook")
@click.option("--node-id", help="Announce pushes to this node's repository; to all of the owner's without.")
@click.option("--renew", is_flag=True, help="Replace the webhook that is there: the key is new, or was lost.")
@_REASON
@_JSON
def set_webhook(node_id: str | None, renew: bool, reason: str, as_json: bool) -> None:
    """Have the forge announce pushes to this site, which reads them at once then."""
    repositories, context, _ = _at_forges()
    with _refusals():
        made = repositories.set_webhook(context, node_id, renew, reason)
    what = f"all repositories of {made.owner}" if made.name is None else f"{made.owner}/{made.name}"
    click.echo(made.model_dump_json() if as_json else f"pushes to {what} are announced at {made.url}")


def _tell_webhook(node_id: str, url: str | None, error: str | None) -> None:
    """Beside what a command answers: nothing depends on it."""
    if url is not None:
        click.echo(f"{node_id}: its pushes are announced at {url}", err=True)
    elif error is not None:
        click.echo(f"{node_id}: its pushes are not announced, and found by polls: {error}", err=True)


def _at_forges() -> tuple[ForgeRepositories, Context, Database]:
    database, context, aggregation = _opened()
    settings = _settings()
    found = installed(FORGE, settings)
    for broken in found.broken:
        click.echo(f"broken: {broken}", err=True)
    made = ForgeRepositories(
        database, Forges(found.ready), aggregation.nodes, settings.forge_owner, settings.public_url, COMMAND_LINE
    )
    return made, context, database
