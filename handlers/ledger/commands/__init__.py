"""Commands of the ledger."""

COMMANDS = {"audit": "Prove the ledger: sums, chain, lots, balances, payments."}
