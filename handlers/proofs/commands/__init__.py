"""Commands of proofs."""

COMMANDS = {
    "proof": "Write the proof of a user's charges for usage.",
    "verify-proof": "Check a proof offline.",
}
