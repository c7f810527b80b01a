"""Commands of a rebuild."""

COMMANDS = {"rebuild": "Compute all balances anew from repositories, payments and acts, and compare."}
