"""What the ledger brings: balances for operators and users, their page, and the proof of all that is posted."""

from pathlib import Path

from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.ledger import audit_balances, audit_chain, routes, statements
from handlers.ledger.changed import ChangedUsers
from handlers.ledger.expiry import GrantExpiry
from handlers.ledger.history import History
from handlers.ledger.months import Months
from handlers.ledger.pages.ledger import LedgerPage
from handlers.ledger.pages.statement import StatementPage
from handlers.ledger.posting import Ledger
from handlers.ledger.service import BillingHandler
from handlers.ledger.standing import Standings
from handlers.newest_sid import go_on_behind


def parts(site: Site) -> Parts:
    go_on_behind(site.database, statements.NEWEST_SID)
    ledger = Ledger(site.database, site.clock)
    history, months = History(site.database), Months(site.database, site.clock)
    return Parts(
        services=(BillingHandler(ledger),),
        jobs=(Job("ledger.expiry", 60, GrantExpiry(ledger).run_once),),
        routes=lambda app, authenticator: routes.add_routes(app, authenticator, ledger),
        pages=Pages(
            routes={
                "/ledger": lambda context: LedgerPage(context, history),
                "/statements/{month}": lambda context: StatementPage(context, months),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            navigation=(Link(30, "/ledger", "Ledger"),),
        ),
        shared=(ledger, history, ChangedUsers(site.database), Standings(site.database, ledger, site.clock)),
    )


DOMAIN = Domain(
    name="ledger",
    parts=parts,
    audits=(
        audit_chain.ENTRIES,
        audit_chain.TRANSACTIONS,
        audit_chain.LOTS,
        audit_balances.ACCOUNTS,
        audit_balances.BILLINGS,
        audit_balances.USERS,
    ),
)
