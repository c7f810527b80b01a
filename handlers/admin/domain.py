"""What operators' acts bring: their chain is proved."""

from handlers.admin import demo
from handlers.admin.audit import acts
from handlers.domain import Domain

DOMAIN = Domain(name="admin", audits=(acts,), demo=demo.fill)
