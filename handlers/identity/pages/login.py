"""`/login` and `/login/link`: the three ways in, of which none shows the key to a web page."""

from __future__ import annotations

import re

from codegen.runtime.errors import DeclaredError
from codegen.runtime.rpc.method import Place, runs
from generated.models.onboarding import LoginMethod, LoginProof, LoginStart
from handlers.identity.login import Login
from handlers.identity.sessions import LIFE
from handlers.pages.page import Page, page
from handlers.pages.visit import HOME, PageContext, Visit, own_path

_KEY = re.compile("[0-9a-f]{64}")
_ADDRESS = re.compile("[0-9a-f:]{2,39}")
_ID = re.compile("[0-9A-Za-z_-]{1,64}")
_PROOF = re.compile("[0-9A-Za-z_-]{1,64}")


class LoginPage(Page):
    """`GET` shows the ways; `POST` begins one of them, or takes the answer to a challenge."""

    def __init__(self, context: PageContext, login: Login, command: str) -> None:
        super().__init__(context)
        self._login, self._command = login, command

    @page
    def on_get(self, visit: Visit) -> None:
        goal = own_path(visit.query("next"))
        if visit.signed_in is not None:
            visit.go(goal)
            return
        visit.page(
            "login.html",
            pre=visit.begin(),
            command=self._command,
            next=goal,
            identity=visit.query("identity"),
            method=visit.query("method", "sealed"),
        )

    @runs(Place.LONG)  # our node may be called to deliver a code
    @page
    def on_post(self, visit: Visit) -> None:
        fields = visit.form()
        if "challenge_id" in fields:
            self._finish(visit, fields)
        else:
            self._start(visit, fields)

    def _start(self, visit: Visit, fields: dict[str, str]) -> None:
        identity = "".join(fields.get("identity", "").split()).lower()
        method = LoginMethod.MESSAGE if fields.get("method") == "message" else LoginMethod.SEALED
        goal = own_path(fields.get("next", ""))
        kept = {"identity": identity[:100], "method": str(method), "next": goal}
        if _KEY.fullmatch(identity):
            start = LoginStart(public_key=identity, method=method)
        elif _ADDRESS.fullmatch(identity):
            start = LoginStart(address=identity, method=method)
        else:
            visit.refuse("/login", "bad_request", kept)
            return
        try:
            started = self._login.start(start, visit.visitor)
        except DeclaredError as error:
            visit.refuse("/login", error, kept)
            return
        visit.page(
            "login_challenge.html",
            pre=started.pre,
            command=self._command,
            challenge=started.challenge,
            next=goal,
            failed=None,
        )

    def _finish(self, visit: Visit, fields: dict[str, str]) -> None:
        challenge_id, goal = fields["challenge_id"], own_path(fields.get("next", ""))
        kind = "code" if "code" in fields else "response"
        answer = "".join(fields.get(kind, "").split())
        try:
            if not _ID.fullmatch(challenge_id) or not _PROOF.fullmatch(answer) or (kind == "code" and len(answer) > 32):
                visit.refuse("/login", "proof_failed", {"next": goal})
                return
            proof = LoginProof(challenge_id=challenge_id, **{kind: answer})
            finished = self._login.finish(proof, visit.visitor)
        except DeclaredError as error:
            visit.refuse("/login", error, {"next": goal})
            return
        if finished.session is None:  # a program's challenge, answered in a browser
            visit.refuse("/login", "proof_failed", {"next": goal})
            return
        sign_in(visit, finished.session, goal)


class LoginLink(Page):
    """The one-time link of the login program: looking at it changes nothing, its button signs in."""

    def __init__(self, context: PageContext, login: Login) -> None:
        super().__init__(context)
        self._links = login.links

    @page
    def on_get(self, visit: Visit) -> None:
        token = visit.query("token")
        address = self._links.look(token)
        if address is None:
            visit.refuse("/login", "proof_failed")
            return
        visit.page("login_link.html", pre=None if visit.signed_in else visit.begin(), token=token, address=address)

    @page
    def on_post(self, visit: Visit) -> None:
        session = self._links.use(visit.form().get("token"), visit.visitor)
        if session is None:
            visit.refuse("/login", "proof_failed")
            return
        sign_in(visit, session, HOME)


def sign_in(visit: Visit, session: str, goal: str) -> None:
    """Hand the new session to the browser and go on."""
    visit.pages.sessions.cookies.sign_in(visit.resp, session, int(LIFE.total_seconds()))
    visit.go(goal)
