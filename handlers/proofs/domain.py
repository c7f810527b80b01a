"""What proofs bring: their commands."""

from handlers.domain import Domain
from handlers.proofs.commands import COMMANDS

DOMAIN = Domain(name="proofs", commands=COMMANDS)
