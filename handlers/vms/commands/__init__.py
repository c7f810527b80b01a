"""Commands of machines."""

COMMANDS = {"pool": "Take machines into the pool, list them, confirm wipes, retire them."}
