"""What pages say about machines: slug → sentence, with a link to where it goes on."""

from markupsafe import Markup

from handlers.domain import Tone

ERRORS = {
    "quota_exceeded": Markup(
        'All machines of your plan are in use. <a href="/vms#machines">Release one</a>, and its place is free at once.'
    ),
    "pool_empty": Markup(
        "No machine is free at the moment. Nothing was taken from your plan. You are on the "
        '<a href="/vms#waiting">waiting list</a>: your machine starts by itself as soon as one is free.'
    ),
    "allocation_failed": Markup(
        'The machine could not be started, and takes no place in your plan. <a href="/vms#start">Try again</a>; '
        "if that does not help, ask the operator."
    ),
    "vm_too_often": "You started very many machines within an hour. Those that run go on; start another one later.",
    "ssh_key_invalid": "That is no public SSH key. Copy the one line of a file that ends in .pub; it begins with "
    "ssh-ed25519 or ssh-rsa.",
    "sku_invalid": Markup('Your plan gives no machines of that size. <a href="/plans">See the plans</a>.'),
}

EVENTS: dict[str, tuple[Tone, str]] = {
    "vm_allocated": ("good", "Your machine is ready."),
    "vm_provisioning": ("info", "Your machine is being started. This page follows along."),
    "vm_released": ("info", "That machine is released, and its place in your plan is free."),
    "wait_left": ("info", "You wait no more."),
}
