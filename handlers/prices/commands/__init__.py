"""Commands about prices."""

COMMANDS = {
    "prices": "Load a price book, show the prices in force, see what another book would have charged.",
    "discount-ladder": "Refresh the discount tiers that are shown.",
}
