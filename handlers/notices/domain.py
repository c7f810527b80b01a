"""What notices bring: their page and that of settings, and the job that sends them to users' nodes."""

from pathlib import Path

from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.identity.node import MyceliumNode
from handlers.identity.settings import IdentitySettings
from handlers.identity.users import Users
from handlers.notices.delivery import NoticeDelivery
from handlers.notices.notices import Notices
from handlers.notices.pages.settings import NoticesPage, SettingsPage
from handlers.plans.overview import PlanOverviews


def parts(site: Site) -> Parts:
    notices, users = Notices(site.database, site.clock), Users(site.database, site.clock)
    plans = site.get(PlanOverviews)
    node = MyceliumNode(site.settings_of(IdentitySettings).mycelium_api_url)
    return Parts(
        jobs=(Job("notices.messages", 5, NoticeDelivery(site.database, site.clock, node.send).run_once),),
        pages=Pages(
            routes={
                "/settings": lambda context: SettingsPage(context, notices, users, plans),
                "/notices": lambda context: NoticesPage(context, notices),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors={
                "name_invalid": "A name has at most 80 characters on one line. Nothing was saved; try a shorter one.",
                "threshold_invalid": "We could not read the amount. Write dollars and cents, like 5 or 5.50.",
            },
            events={"settings_saved": ("good", "Saved.")},
            navigation=(Link(20, "/notices", "Notices", account=True), Link(30, "/settings", "Settings", account=True)),
        ),
        shared=(notices,),
    )


DOMAIN = Domain(name="notices", parts=parts)
