"""What checkpoints bring: the daily root of the ledger, its command, and the proof that roots are those of entries."""

from functools import partial

from handlers.checkpoints import audit
from handlers.checkpoints.checkpoints import Checkpoints
from handlers.checkpoints.commands import COMMANDS
from handlers.checkpoints.publishing import publish
from handlers.checkpoints.settings import CheckpointSettings
from handlers.domain import Domain, Job, Parts, Site


def parts(site: Site) -> Parts:
    settings = site.settings_of(CheckpointSettings)
    folder, url = settings.checkpoint_folder, settings.checkpoint_repo_url
    checkpoints = Checkpoints(site.database, site.clock, folder)
    jobs = [Job("checkpoints.daily", 300, checkpoints.run_once)]
    if url is not None:
        # Apart: a forge may hang.
        push = partial(publish, checkpoints, folder, url, site.clock)
        jobs.append(Job("checkpoints.push", 600, push, apart=True))
    return Parts(jobs=jobs)


DOMAIN = Domain(
    name="checkpoints",
    settings=CheckpointSettings,
    parts=parts,
    audits=(audit.SUBTREES, audit.ROOTS),
    commands=COMMANDS,
)
