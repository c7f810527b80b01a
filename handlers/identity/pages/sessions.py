"""`/sessions` and `/logout`: where somebody is signed in, how that came, and how to end it."""

from __future__ import annotations

from handlers.identity.history import LoginHistory
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit

EVENTS = 20


class SessionsPage(Page):
    """`POST` ends one session (`sid`)."""

    def __init__(self, context: PageContext, history: LoginHistory) -> None:
        super().__init__(context)
        self._history = history

    @page
    def on_get(self, visit: Visit) -> None:
        here = visit.require_user()
        sessions = self.context.sessions.of(here.user.sid)
        sessions.sort(key=lambda each: (each.sid != here.session.sid, -each.last_seen_at.timestamp()))
        events = self._history.latest(here.user.mycelium_address, EVENTS)
        visit.page("sessions.html", events=events, user=here.user, sessions=sessions)

    @page
    def on_post(self, visit: Visit) -> None:
        user = visit.require_user().user
        ended = self.context.sessions.end_one(user.sid, visit.form().get("sid", ""), visit.visitor.peer)
        if ended:
            visit.go("/sessions", {"event": "session_ended"})
        else:
            visit.refuse("/sessions", "not_found")


class Logout(Page):
    """`everywhere=1` ends all sessions of the user."""

    @page
    def on_post(self, visit: Visit) -> None:
        if visit.signed_in is None:
            visit.go("/")
            return
        everywhere = visit.form().get("everywhere") == "1"
        if everywhere:
            self.context.sessions.end_all(visit.signed_in.user.sid, visit.visitor.peer)
        else:
            self.context.sessions.end(visit.visitor.session, visit.visitor.peer)
        self.context.sessions.cookies.sign_out(visit.resp)
        visit.go("/", {"event": "signed_out_everywhere" if everywhere else "signed_out"})
