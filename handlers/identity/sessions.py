"""Sessions: a random cookie, kept as its digest; idle for 12 hours at most, 7 days in all; and tokens for forms."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime, timedelta

from codegen.runtime.context import Caller, Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import SID_PATTERN
from generated.models.onboarding import LoginMethod, LoginOutcome, Session, User
from generated.tables.onboarding import SESSION, USER
from handlers.identity import statements
from handlers.identity.cookies import Cookies
from handlers.identity.events import LoginEvents
from handlers.identity.peer import Peer
from handlers.identity.secret import digest, new_secret, same
from handlers.origin import origin_of
from handlers.settings import Settings

IDLE = timedelta(hours=12)
LIFE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
"""`last_seen_at` is written no more often, so that reading pages is not writing."""
_CSRF = b"hero-onboarding/csrf/v1"
_is_sid = re.compile(SID_PATTERN, re.ASCII).fullmatch


class Sessions:
    """The sessions in a database. What is said of cookies is about their values."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self.database, self.clock = database, clock
        self.cookies = Cookies(origin_of(settings.public_url))
        self.events = LoginEvents(database, clock)
        self.store = Store.of(SESSION, database)
        self.users = Store.of(USER, database)
        self._seen = database.prepare(statements.SESSION_SEEN)
        self._active = database.prepare(statements.USER_ACTIVE)
        self._delete = database.prepare(statements.SESSION_DELETE)
        self._delete_all = database.prepare(statements.SESSIONS_DELETE)
        self._purge = database.prepare(statements.SESSIONS_PURGE)
        self._shorten = database.prepare(statements.SESSIONS_SHORTEN)
        self._end_challenges = database.prepare(statements.CHALLENGES_END)
        self._end_links = database.prepare(statements.LINKS_END)

    # --- who is it ------------------------------------------------------------------------------------------------

    def caller(self, cookie: str) -> Caller | None:
        """Whom a session cookie speaks for; None for one that is unknown, ended or too old. One read by an index."""
        session = self.find(cookie)
        return Caller("user", session.user_sid, session.sid) if session is not None else None

    def find(self, cookie: str | None) -> Session | None:
        """The live session of a cookie, which is seen by this.

        One that seems to be of the future was seen before the clock was put back: it goes on by today's clock.
        """
        if not cookie:
            return None
        session = self.store.one({"token_hash": digest(cookie)})
        now = self._now()
        if session is None or not _live(session, now):
            return None
        if abs(now - session.last_seen_at) >= SEEN_EVERY:
            self._touch(session, now)
        return session

    def user(self, session: Session) -> User:
        """Whose session it is."""
        return self.users.get(session.user_sid)

    def of(self, user_sid: str) -> list[Session]:
        """The live sessions of a user, the oldest first."""
        now, found, cursor = self._now(), [], None
        while True:
            page = self.store.find({"user_sid": user_sid}, cursor=cursor)
            found += [session for session in page["items"] if _live(session, now)]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    # --- beginning and end ----------------------------------------------------------------------------------------

    def create(self, user_sid: str, method: LoginMethod, peer: Peer, replaces: str | None = None) -> str:
        """Begin a session; the value of its cookie, told here only. The one this browser had before (`replaces`) ends.

        To be called where control of the key was proved, in that transaction.
        """
        now, cookie = self._now(), new_secret()
        self.database.change(self._purge, (_seconds(now),))
        longest = _seconds(now + LIFE)
        self.database.change(self._shorten, (_seconds(now), longest, longest + int(SEEN_EVERY.total_seconds())))
        if replaces and (old := self.store.one({"token_hash": digest(replaces)})) is not None:
            self.store.delete(old.sid)
        self.store.new(
            {
                "user_sid": user_sid,
                "token_hash": digest(cookie),
                "method": method,
                "created_at": now,
                "last_seen_at": now,
                "expires_at": now + LIFE,
                "ip": peer.ip or None,
                "user_agent": peer.user_agent or None,
                "proved_at": now if method == LoginMethod.SEALED else None,
            },
            now,
        )
        self.database.change(self._active, (_seconds(now), user_sid, _seconds(now)))
        return cookie

    def end(self, cookie: str | None, peer: Peer | None = None) -> int:
        """End the session of a cookie; how many that were."""
        session = self.store.one({"token_hash": digest(cookie)}) if cookie else None
        return self.end_one(session.user_sid, session.sid, peer) if session is not None else 0

    def end_one(self, user_sid: str, sid: str, peer: Peer | None = None) -> int:
        """End one session of a user; how many that were (0 for one that is another's, or text that is no sid)."""
        if not _is_sid(sid):
            return 0

        def work() -> int:
            session = self.store.get_many([sid]).get(sid)
            ended = self.database.change(self._delete, (sid, user_sid))
            if ended and session is not None:
                self.events.write(self.user(session), session.method, LoginOutcome.LOGGED_OUT, peer)
            return ended

        return self.database.run(work)

    def end_all(self, user_sid: str, peer: Peer | None = None) -> int:
        """End every session of a user, and every login that is under way; how many sessions that were.

        A challenge or link that was made before signs nobody in after this.
        """

        def work() -> int:
            ended, user, moment = self.of(user_sid), self.users.get(user_sid), _seconds(self._now())
            self.database.change(self._delete_all, (user_sid,))
            self.database.change(self._end_challenges, (moment, user.public_key))
            self.database.change(self._end_links, (moment, user.public_key))
            for session in ended:
                self.events.write(user, session.method, LoginOutcome.LOGGED_OUT, peer)
            return len(ended)

        return self.database.run(work)

    # --- forms ----------------------------------------------------------------------------------------------------

    def csrf_token(self, cookie: str) -> str:
        """What forms of this browser carry: follows from its cookie (of the session, or of the login) alone."""
        return urlsafe_b64encode(hmac.digest(cookie.encode(), _CSRF + digest(cookie).encode(), "sha256")).decode()

    def check_csrf(self, cookie: str | None, token: str | None) -> bool:
        """Whether a form carries the token of its browser, told in constant time."""
        return bool(cookie and token) and same(self.csrf_token(cookie or ""), token or "")

    # --- inside ---------------------------------------------------------------------------------------------------

    def _touch(self, session: Session, now: datetime) -> None:
        def work() -> None:
            moment, longest = _seconds(now), _seconds(now + LIFE)
            self.database.change(self._seen, (moment, longest, longest, session.sid, moment))
            self.database.change(self._active, (moment, session.user_sid, moment))

        with suppress(Unavailable):  # the next request says it; no page waits or is refused because of a time stamp
            self.database.run_at_once(work)

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)


def _live(session: Session, now: datetime) -> bool:
    return now < session.expires_at and now - session.last_seen_at < IDLE


def _seconds(moment: datetime) -> int:
    """As the database keeps times."""
    return int(moment.timestamp())
