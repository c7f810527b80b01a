"""Demo data: machines of the size that plans give, taken into the pool as an operator would."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.values.sid import new_sid
from handlers.admin.acts import COMMAND_LINE
from handlers.demo_data import DemoSecrets, Hint, this_program
from handlers.domain import Site
from handlers.plans.plan_catalogue import DEFAULT_SKU
from handlers.vms.pool import Pool
from handlers.vms.pool_file import Machine

MACHINES = 12


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """Add the machines that are missing; a command that shows the pool."""
    machines = [
        Machine(number, f"demo-{number:02d}", f"5a0:{number:x}::1", DEFAULT_SKU) for number in range(1, MACHINES + 1)
    ]
    context = Context(ADMIN, site.clock, site.database, new_sid())
    pool = Pool(site.database, COMMAND_LINE)
    site.database.run(lambda: pool.take_in(context, machines, "demo", "machines of the demo"))
    return [Hint("pool", f"{this_program()} pool list")]
