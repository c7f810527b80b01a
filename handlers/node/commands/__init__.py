"""Commands of a node."""

COMMANDS = {
    "node": "Keep a node's log of usage: init, record, status, push.",
    "demo-nodes": "Be the two nodes of the demo.",
    "push-usage": "Commit and push the usage of the nodes whose logs this host keeps.",
}
