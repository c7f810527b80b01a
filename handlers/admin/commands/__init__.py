"""Commands of operators."""

COMMANDS = {"audit": "Prove the ledger: sums, chain, lots, balances, payments, acts."}
