"""What the room of nodes brings: the commands that a node runs."""

from handlers.domain import Domain
from handlers.node.commands import COMMANDS

DOMAIN = Domain(name="node", commands=COMMANDS)
