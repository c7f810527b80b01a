"""What operators' acts bring: their writes by CRUD are recorded, their chain is proved; and the audit of everything."""

from handlers.admin import demo, statements
from handlers.admin.audit import ACTS
from handlers.admin.audit_runs import AuditRuns
from handlers.admin.commands import COMMANDS
from handlers.admin.crud_acts import record_writes
from handlers.admin.service import AlertHandler, AuditHandler
from handlers.domain import Domain, Job, Parts, Site
from handlers.newest_sid import go_on_behind


def parts(site: Site) -> Parts:
    go_on_behind(site.database, statements.NEWEST_SID)
    runs = AuditRuns(site.database, site.clock, site.audits)
    return Parts(
        services=(AuditHandler(site.audits), AlertHandler()),
        jobs=(Job("admin.audit", 5, runs.run_once),),
        on_admin_write=record_writes(site.database),
    )


DOMAIN = Domain(name="admin", parts=parts, audits=(ACTS,), demo=demo.fill, commands=COMMANDS)
