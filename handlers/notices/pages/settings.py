"""`/settings` and `/notices`: the name that is shown, what a user wants to be told, the plan's renewal, and notices."""

from __future__ import annotations

import re
from typing import Any

from codegen.runtime.values.types import Money
from handlers.identity.users import Users
from handlers.notices.notices import Notices, Wishes
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.plans.overview import PlanOverviews

SHOWN = 50
LONGEST_NAME = 80
_DOLLARS = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")


class SettingsPage(Page):
    """`POST` keeps `display_name`, `low_balance`, `threshold` (dollars) and `messages`."""

    def __init__(self, context: PageContext, notices: Notices, users: Users, plans: PlanOverviews) -> None:
        super().__init__(context)
        self._notices, self._users, self._plans = notices, users, plans

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {"wishes": self._notices.wishes(user.sid), "plan": self._plans.of(user.sid)}

        visit.page("settings.html", user=user, **self.context.database.run(read, write=False))

    @page
    def on_post(self, visit: Visit) -> None:
        user = visit.require_user().user
        fields = visit.form()
        name = fields.get("display_name", "").strip()
        threshold = fields.get("threshold", "").strip().removeprefix("$")
        if len(name) > LONGEST_NAME or not name.isprintable():
            visit.refuse("/settings", "name_invalid")
        elif not _DOLLARS.fullmatch(threshold):
            visit.refuse("/settings", "threshold_invalid")
        else:
            wishes = Wishes(fields.get("low_balance") == "1", Money.parse(threshold), fields.get("messages") == "1")

            def work() -> None:
                self._users.rename(user.sid, name or None)
                self._notices.wish(user.sid, wishes)

            self.context.database.run(work)
            visit.go("/settings", {"event": "settings_saved"})


class NoticesPage(Page):
    """`POST` marks all as read."""

    def __init__(self, context: PageContext, notices: Notices) -> None:
        super().__init__(context)
        self._notices = notices

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        found = self.context.database.run(lambda: self._notices.latest(user.sid, SHOWN), write=False)
        visit.page("notices.html", notices=found)

    @page
    def on_post(self, visit: Visit) -> None:
        user = visit.require_user().user
        visit.form()
        self._notices.read_all(user.sid)
        visit.go("/notices")
