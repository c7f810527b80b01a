"""What an operator does about a repository that stands still: a sentence for each reason, with the command."""

from __future__ import annotations

import re
import shlex

from generated.models.onboarding import HaltReason, Node
from handlers.usage.halt import CAME_AT_ONCE, WOULD_BE_ASIDE, Halt

R = HaltReason
ABOUT_LINES = (R.PARSE_ERROR, R.NOT_CANONICAL, R.SEQUENCE_GAP, R.CONTENT_CONFLICT, R.WRONG_NODE)
"""Reasons that are mostly those of one line, which the detail begins with."""
OUR_COPIES = "${HERO_ONBOARDING_VAR_DIR:-var}/mirrors"
"""Where they stand (`UsageSettings.mirrors`), as a shell reads it."""
_LINE = re.compile(r"(\S+:[1-9][0-9]*): ")


def advice(node: Node, halt: Halt) -> str:
    """What to do about `node`, which stands still for `halt`."""
    if halt.reason == R.UNREACHABLE:
        return _reach(node)
    if halt.commit is None:
        return (
            f"Have the branch {node.branch} restored in {node.repo_url}, and it goes on by itself; "
            f"or read no more from it: `hero-onboarding nodes retire --node-id {node.node_id} --reason WHY`."
        )
    skip = f"hero-onboarding nodes skip --node-id {node.node_id} --commit {halt.commit}"
    whole = f"`{skip} --reason WHY`"
    if halt.reason == R.REWRITTEN_HISTORY or CAME_AT_ONCE in halt.detail:
        return f"{_back(node)}; or go on behind this commit, and charge nothing of it and before it, by {whole}."
    if halt.reason == R.BAD_SIGNATURE:
        return (
            "If the node has a new key, register it: `hero-onboarding nodes register … --public-key KEY --valid-from "
            f"TIME`, a time before this commit; if somebody else pushed, charge nothing of the commit by {whole}."
        )
    if WOULD_BE_ASIDE in halt.detail:
        return (
            "Mend what the lines are set aside for (kinds, leave to set prices, users), and the commit is read again "
            f"by itself; or decide about those that wait; or charge nothing of the commit by {whole}."
        )
    place = _LINE.match(halt.detail)
    if halt.reason in ABOUT_LINES and place is not None:
        return (
            f"Leave out this line by `{skip} --line {place[1]} --reason WHY`, and the rest of the commit is charged; "
            "or the whole commit by the same without --line."
        )
    return f"{_back(node)}; or charge nothing of the commit by {whole}."


def advice_now(node: Node) -> str | None:
    """The same for a node as its row tells it; None where it does not stand still."""
    if node.halted_reason is None:
        return None
    return advice(node, Halt(node.halted_reason, node.halted_detail or "", commit=node.halted_commit))


def _back(node: Node) -> str:
    """Commits that were not consumed may be taken away: then nothing was rewritten."""
    before = f"to {node.last_commit}, the last commit that was consumed" if node.last_commit else "to a good commit"
    return f"Have the branch {node.branch} of the node's repository brought back {before}, and it goes on by itself"


def _reach(node: Node) -> str:
    """A repository of which git cannot unpack what comes is mended from our copy, which a fetch that fails leaves as it
    was: it has all commits up to the last one that was consumed."""
    begin = f"It is tried again at each poll: see to the forge, the address {node.repo_url} and its token."
    if node.last_commit is None:
        return (
            f"{begin} Where git cannot unpack what is sent, put an empty repository in its place, and the node's next "
            "push brings all of it."
        )
    brought = f"{node.last_commit}:refs/heads/{node.branch}"
    command = f"git -C {OUR_COPIES}/{node.node_id}.git push --force {shlex.quote(node.repo_url)} {brought}"
    return (
        f"{begin} Where git cannot unpack what is sent, bring the branch back by `{command}`, and if that does not "
        "help, put an empty repository in its place and do the same. It goes on by itself, and the node's next push "
        "brings what is missing."
    )
