"""What the work room brings: the command that runs every domain's jobs."""

from handlers.domain import Domain
from handlers.work.commands import COMMANDS

DOMAIN = Domain(name="work", commands=COMMANDS)
