"""Commands of usage."""

COMMANDS = {
    "aggregate": "Consume the usage that nodes pushed.",
    "nodes": "Register nodes and their keys, look at them, go on behind what is bad.",
}
