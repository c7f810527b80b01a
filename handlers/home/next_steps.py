"""What a newcomer does next, up to the first machine: the steps, which of them are done, and where the next one is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """`next` is the first that is not done; only that one leads on."""

    title: str
    text: str
    button: str
    path: str
    done: bool
    next: bool


_STEPS = (
    ("Add credit", "By card or mobile money. It is here within seconds.", "Add credit", "#add"),
    ("Verify your identity", "Once, with a document and a camera.", "Verify your identity", "/kyc"),
    ("Choose a plan", "A number of machines at a time, for its period.", "See the plans", "/plans"),
    ("Start a machine", "Give your SSH key; its address is there at once.", "Start a machine", "/vms"),
)


def next_steps(*, paid: bool, verified: bool, plan: bool, machines: bool) -> tuple[Step, ...]:
    """The steps of somebody who has no machine yet; none where one runs."""
    if machines:
        return ()
    done = (paid, verified, plan, False)
    following = done.index(False)
    return tuple(
        Step(*texts, done=is_done, next=place == following)
        for place, (texts, is_done) in enumerate(zip(_STEPS, done, strict=True))
    )
