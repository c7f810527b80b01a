"""What a rebuild brings: its command."""

from handlers.domain import Domain
from handlers.rebuild.commands import COMMANDS

DOMAIN = Domain(name="rebuild", commands=COMMANDS)
