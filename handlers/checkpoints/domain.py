"""What checkpoints bring: the daily root of the ledger, its command, and the proof that roots are those of entries."""

from handlers.checkpoints import audit
from handlers.checkpoints.checkpoints import Checkpoints
from handlers.checkpoints.commands import COMMANDS
from handlers.domain import Domain, Job, Parts, Site


def parts(site: Site) -> Parts:
    checkpoints = Checkpoints(site.database, site.clock, site.settings.var_dir / "checkpoints")
    return Parts(jobs=(Job("checkpoints.daily", 300, checkpoints.run_once),))


DOMAIN = Domain(name="checkpoints", parts=parts, audits=(audit.SUBTREES, audit.ROOTS), commands=COMMANDS)
