"""Demo data: machines of the size that plans give."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.storage.store import Store
from generated.tables.onboarding import POOL_VM, PoolVmNew
from handlers.demo_data import DemoSecrets, Hint, call
from handlers.domain import Site
from handlers.plans.plan_catalogue import DEFAULT_SKU

POOL = 12


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """Add the machines that are missing; a call that shows the plans."""
    store = Store.of(POOL_VM, site.database)

    def work() -> None:
        for number in range(1, POOL + 1):
            machine: PoolVmNew = {"name": f"demo-{number:02d}", "address": f"5a0:{number:x}::1", "sku": DEFAULT_SKU}
            store.insert_once(machine, site.clock.now(), ("name",))

    site.database.run(work)
    return [Hint("plans", call(site.settings.public_url, "billing.plans"))]
