"""What machines bring: allocations within plans, the pool and other provisioners, the jobs that follow them up."""

from pathlib import Path

from codegen.runtime.rpc.local import local
from generated.routes import SERVICES
from generated.services.onboarding import VmService
from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.plans.plans import Plans
from handlers.vms import audit, demo
from handlers.vms.commands import COMMANDS
from handlers.vms.hooks import POOL_HOOKS, WAITING_HOOKS
from handlers.vms.pages import messages
from handlers.vms.pages.machines import MachinesPage, VmAllocate, VmRelease, WaitLeave
from handlers.vms.provisioners import PROVISIONER, Provisioners
from handlers.vms.service import Machines, VmHandler, installed_provisioners
from handlers.vms.shown import MachinesShown


def parts(site: Site) -> Parts:
    plans = site.get(Plans)
    provisioners = site.find(Provisioners) or installed_provisioners(site.settings, site.log)
    machines = Machines.over(
        site.database, site.clock, plans, provisioners, site.log, limited=site.settings.rate_limits
    )
    handler = VmHandler(machines)
    service = local(VmService, handler, SERVICES)
    shown = MachinesShown(machines, plans)
    return Parts(
        services=(handler,),
        hooks=(POOL_HOOKS, WAITING_HOOKS),
        jobs=(
            Job("vms.follow_up", 2, machines.follow_up.run_once, apart=True),
            Job("vms.waiting", 5, machines.serving.run_once, apart=True),
            Job("vms.disks", 60, machines.follow_up.give_up_disks),
            Job("vms.plugins", 86_400, machines.tell_broken),
        ),
        pages=Pages(
            routes={
                "/vms": lambda context: MachinesPage(context, shown),
                "/vm/allocate": lambda context: VmAllocate(context, service),
                "/vm/release": lambda context: VmRelease(context, service),
                "/vm/wait/leave": lambda context: WaitLeave(context, shown),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors=messages.ERRORS,
            events=messages.EVENTS,
            navigation=(Link(15, "/vms", "Machines"),),
        ),
        shared=(machines, machines.for_plans, shown),
    )


DOMAIN = Domain(
    name="vms",
    parts=parts,
    audits=(audit.QUOTAS, audit.POOL_VMS, audit.ALLOCATIONS),
    plugins=(PROVISIONER,),
    demo=demo.fill,
    commands=COMMANDS,
)
