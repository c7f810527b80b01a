"""Commands of usage."""

COMMANDS = {
    "aggregate": "Consume the usage that nodes pushed.",
    "proof": "Write the proof of a user's charges for usage.",
    "verify-proof": "Check such a proof offline.",
    "nodes": "Register nodes and their keys, look at them, go on behind what is bad.",
}
