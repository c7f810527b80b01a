"""What pages say about plans: slug → sentence, with a link to where it goes on."""

from markupsafe import Markup

from handlers.domain import Tone

ERRORS = {
    "plan_unknown": "That plan is not on offer (any more). Choose one of those below.",
    "plan_active": Markup(
        "You have a plan already. It runs until the day shown below; after that you can buy another, or have it "
        'renewed. <a href="/vms">Your machines</a> are on a page of their own.'
    ),
    "capacity": "Not enough machines are free for this plan at the moment, so nothing was charged. Try again later, or "
    "take a smaller plan.",
    "no_active_plan": Markup('You have no plan that runs. <a href="/plans#offers">Buy one first</a>.'),
}

EVENTS: dict[str, tuple[Tone, str]] = {
    "plan_bought": ("good", Markup('The plan is yours. <a href="/vms">Start your first machine</a>.')),
    "renew_on": ("good", "Your plan will be renewed at its end, if your balance covers it."),
    "renew_off": ("info", "Your plan ends with its period and is not renewed."),
}
