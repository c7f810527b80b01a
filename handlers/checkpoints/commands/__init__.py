"""Commands of checkpoints."""

COMMANDS = {"checkpoint": "Sign the Merkle root of the ledger as it is now."}
