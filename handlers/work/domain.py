"""What the work room brings: the command that runs every domain's jobs, and its settings."""

from handlers.domain import Domain
from handlers.work.commands import COMMANDS
from handlers.work.settings import WorkSettings

DOMAIN = Domain(name="work", settings=WorkSettings, commands=COMMANDS)
