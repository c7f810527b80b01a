"""hero-mycelium-login v1, the server's side: make a challenge, take one answer to it.

Both functions are the whole of it: the JSON routes and the forms of the pages call them alike. A challenge is kept
with the digest of its proof only, so what the database holds cannot finish a login.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import (
    AddressKeyMismatch,
    BadRequest,
    KeyMismatch,
    MyceliumUnavailable,
    ProofFailed,
    PublicKeyRequired,
)
from generated.models.onboarding import LoginInitiator, LoginMethod, LoginOutcome, LoginProof, LoginStart, LoginStarted
from generated.tables.onboarding import LOGIN_CHALLENGE
from handlers.identity import challenge as protocol
from handlers.identity import statements
from handlers.identity.codes import TOPIC, code_proof, code_text, new_code
from handlers.identity.limits import RateLimits, Rule, TooMany
from handlers.identity.links import Links
from handlers.identity.mycelium import KeyRefused, address_of, parse_address, parse_public_key
from handlers.identity.node import MyceliumNode
from handlers.identity.peer import Peer
from handlers.identity.secret import digest, new_secret, same
from handlers.identity.sessions import Sessions
from handlers.identity.users import PinDiffers, Users
from handlers.identity.visitor import Visitor

TRIES = 5
OPEN = 5
"""Challenges of one key that one peer may have open; a further one waits, for nobody may push out another's."""
LIVES = {LoginMethod.SEALED: timedelta(seconds=protocol.LIFE), LoginMethod.MESSAGE: timedelta(seconds=300)}
MESSAGES = 3
"""Codes that one peer may have sent to a key in a window."""
MESSAGES_TO_KEY = 12
"""Codes that all peers together may have sent to it, save for those that its holder has signed in from."""
MESSAGE_WINDOW = timedelta(minutes=15)
CHALLENGES_OF_PEER = Rule("challenge:peer", 60, timedelta(minutes=1))
CHALLENGES_OF_KEY = Rule("challenge:key", 20, timedelta(minutes=5))
"""For a key and a peer: what strangers ask for does not count against its holder."""
PROOFS_OF_PEER = Rule("verify:peer", 120, timedelta(minutes=1))
# Proofs for a key need no rule of their own: five for each of its challenges.
_is_id = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch
_NOTHING = "0" * 64
"""Compared with where there is no challenge to compare with, so that all failures do the same work."""


@dataclass(frozen=True, slots=True)
class Started:
    """A challenge. `pre` is to become the cookie of the browser that asked; a program has none."""

    challenge: LoginStarted
    pre: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """A login: a browser's new session cookie, or the one-time link that a program prints."""

    session: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)


class Login:
    """Logs people in to the site of `sessions`."""

    def __init__(
        self, database: Database, clock: Clock, origin: str, sessions: Sessions, limits: RateLimits, node: MyceliumNode
    ) -> None:
        self.database, self.clock, self.origin = database, clock, origin
        self.sessions, self.limits, self.node = sessions, limits, node
        self.events = sessions.events
        self.users = Users(database, clock)
        self.links = Links(database, clock, origin, sessions)
        self.challenges = Store.of(LOGIN_CHALLENGE, database)
        self._open = database.prepare(statements.CHALLENGES_OPEN)
        self._messages_from_peer = database.prepare(statements.MESSAGES_FROM_PEER)
        self._messages_to_key = database.prepare(statements.MESSAGES_TO_KEY)
        self._signed_in_from = database.prepare(statements.HAS_SIGNED_IN_FROM)
        self._purge = database.prepare(statements.CHALLENGES_PURGE)
        self._try = database.prepare(statements.CHALLENGE_TRY)
        self._use = database.prepare(statements.CHALLENGE_USE)
        self._failed = database.prepare(statements.EVENT_FAILED)

    # --- start ----------------------------------------------------------------------------------------------------

    def start(self, start: LoginStart, visitor: Visitor) -> Started:
        """A challenge for the holder of a key.

        Raises `BadRequest`, `AddressKeyMismatch`, `PublicKeyRequired`, `KeyMismatch`, `MyceliumUnavailable`, `TooMany`.
        """
        self.limits.take(CHALLENGES_OF_PEER, visitor.peer.network)
        if start.method not in LIVES:
            raise BadRequest(detail="this method is not offered")
        if start.method == LoginMethod.MESSAGE and start.initiated_by == LoginInitiator.PROGRAM:
            raise BadRequest(detail="a code is typed into the browser that asked for it")
        public_key, address = self._identify(start)
        self._sweep()
        # A browser that has begun to sign in keeps its cookie: another tab of it may be at it too.
        pre = visitor.pre or new_secret() if start.initiated_by == LoginInitiator.BROWSER else None
        cid, now = token_bytes(16), self._now()
        if start.method == LoginMethod.SEALED:
            challenge, sealed, proof = self._seal(cid, public_key, address, now)
            self._keep(start, challenge, public_key, proof, pre, visitor.peer)
            return Started(challenge.model_copy(update={"sealed": sealed}), pre)
        assert pre is not None
        code = new_code()
        challenge = self._described(cid, address, now, LoginMethod.MESSAGE).model_copy(update={"delivery": "pending"})
        sid = self._keep(start, challenge, public_key, code_proof(code, pre), pre, visitor.peer)
        try:
            self.node.send(public_key, TOPIC, code_text(code, self.origin, now))
        except MyceliumUnavailable:
            self.challenges.delete(sid)  # it was never sent, so it counts for nothing
            raise
        return Started(challenge, pre)

    def _identify(self, start: LoginStart) -> tuple[bytes, str]:
        """The key and its address, by whichever was given."""
        try:
            given = parse_address(start.address) if start.address is not None else None
            key = parse_public_key(start.public_key) if start.public_key is not None else None
        except KeyRefused:
            raise BadRequest(detail="this is no public key that can log in") from None
        except ValueError:
            raise BadRequest(detail="this is no Mycelium address") from None
        if key is not None:
            address = address_of(key)
            if given not in (None, address):
                raise AddressKeyMismatch
            return key, address
        if given is None:
            raise BadRequest(detail="give a public_key or an address")
        found = self._key_of(given, start.method)
        if found is None or address_of(found) != given:
            raise PublicKeyRequired
        return found, given

    def _key_of(self, address: str, method: LoginMethod) -> bytes | None:
        """The pinned key of an address, else the one our node knows."""
        user = self.users.at(address)
        if user is not None:
            return bytes.fromhex(user.public_key)
        try:
            return self.node.public_key(address)
        except MyceliumUnavailable:
            if method == LoginMethod.SEALED:  # which needs no node: the key itself will do
                return None
            raise

    def _seal(self, cid: bytes, public_key: bytes, address: str, now: datetime) -> tuple[LoginStarted, str, str]:
        described = self._described(cid, address, now, LoginMethod.SEALED)
        secret = token_bytes(32)
        plaintext = protocol.Challenge(
            address=address,
            cid=described.challenge_id,
            exp=int(described.expires_at.timestamp()),
            iat=int(now.timestamp()),
            origin=self.origin,
            pk=protocol.encode(public_key),
            secret=protocol.encode(secret),
        ).plaintext()
        sealed = protocol.encode(protocol.seal(plaintext, public_key))
        return described, sealed, protocol.encode(protocol.response(secret, plaintext))

    def _described(self, cid: bytes, address: str, now: datetime, method: LoginMethod) -> LoginStarted:
        return LoginStarted(
            challenge_id=protocol.encode(cid), origin=self.origin, address=address, expires_at=now + LIVES[method]
        )

    def _keep(
        self, start: LoginStart, challenge: LoginStarted, public_key: bytes, proof: str, pre: str | None, peer: Peer
    ) -> str:
        """Keep the challenge unless the key has too many, or is not the pinned one; its sid."""
        key, now = public_key.hex(), self._now()

        def work() -> str | None:
            try:
                self.users.known(challenge.address, key)
            except PinDiffers as differs:
                self._refuse(differs, challenge.address, key, start.method, peer)
                return None
            self.limits.take(CHALLENGES_OF_KEY, key, peer.network)
            self._require_room(key, challenge.address, start.method, peer, now)
            return self.challenges.new(
                {
                    "challenge_id": challenge.challenge_id,
                    "public_key": key,
                    "address": challenge.address,
                    "method": start.method,
                    "initiated_by": start.initiated_by,
                    "peer": peer.network,
                    "origin": self.origin,
                    "proof_hash": digest(proof),
                    "pre_hash": digest(pre) if pre is not None else None,
                    "issued_at": now,
                    "expires_at": challenge.expires_at,
                },
                now,
            ).sid

        sid = self.database.run(work)
        if sid is None:
            raise KeyMismatch
        return sid

    def _require_room(self, key: str, address: str, method: LoginMethod, peer: Peer, now: datetime) -> None:
        moment = int(now.timestamp())
        of_peer = (key, peer.network, moment, moment + protocol.CLOCK_SKEW, TRIES)
        [(open_now, first_end)] = self.database.execute(self._open, of_peer)
        if open_now >= OPEN:
            raise TooMany(first_end - moment)
        if method != LoginMethod.MESSAGE or not self.limits.on:
            return
        window = int(MESSAGE_WINDOW.total_seconds())
        sent = (key, moment - window)
        [(from_peer, first)] = self.database.execute(self._messages_from_peer, (*sent, peer.network))
        if from_peer >= MESSAGES:
            raise TooMany(first + window - moment)
        [(to_key, first)] = self.database.execute(self._messages_to_key, sent)
        if to_key >= MESSAGES_TO_KEY and not self.database.execute(self._signed_in_from, (address, peer.ip)):
            raise TooMany(first + window - moment)

    def _sweep(self) -> None:
        """Forget what is over; challenges a window later, for the codes that were sent are counted by them."""
        now = self._now()
        latest = int((now + max(LIVES.values())).timestamp()) + protocol.CLOCK_SKEW
        self.database.change(self._purge, (int((now - MESSAGE_WINDOW).timestamp()), latest))
        self.limits.purge()

    # --- finish ---------------------------------------------------------------------------------------------------

    def finish(self, proof: LoginProof, visitor: Visitor) -> Finished:
        """Take an answer: the right one in its time, once, from the browser that asked.

        Raises `ProofFailed` whatever is wrong with it, `KeyMismatch`, `BadRequest`, `TooMany`. All failures run the
        same statements.
        """
        if (proof.response is None) == (proof.code is None):
            raise BadRequest(detail="give a response or a code")
        given = digest(
            proof.response if proof.response is not None else code_proof(proof.code or "", visitor.pre or "")
        )
        outcome = self.database.run(lambda: self._finish(proof.challenge_id, given, visitor))
        if isinstance(outcome, Finished):
            return outcome
        raise outcome

    def _finish(self, challenge_id: str, given: str, visitor: Visitor) -> Finished | ProofFailed | KeyMismatch:
        """Errors are answered, not raised: what they leave behind is kept."""
        self.limits.take(PROOFS_OF_PEER, visitor.peer.network)
        moment = int(self._now().timestamp())
        challenge_id = challenge_id if _is_id(challenge_id) else ""
        found = self.database.execute(
            self._try, (challenge_id, moment, moment + protocol.CLOCK_SKEW, TRIES, digest(visitor.pre or ""))
        )
        sid, proof_hash, initiated_by, method, address, key = found[0] if found else ("", _NOTHING, *[""] * 4)
        if not same(proof_hash, given) or not found:
            self.database.change(
                self._failed,
                (new_sid(), visitor.peer.ip or None, visitor.peer.user_agent or None, moment, challenge_id, sid),
            )
            return ProofFailed()
        method = LoginMethod(method)
        try:
            user = self.users.admit(address, key)
        except PinDiffers as differs:
            self._refuse(differs, address, key, method, visitor.peer)
            self.database.change(self._use, (moment, LoginOutcome.REFUSED, sid))
            return KeyMismatch()
        if not self.database.change(self._use, (moment, LoginOutcome.SUCCEEDED, sid)):
            return ProofFailed()
        if initiated_by == LoginInitiator.PROGRAM:
            return Finished(link=self.links.make(sid))
        session = self.sessions.create(user.sid, method, visitor.peer, visitor.session)
        self.events.write(user, method, LoginOutcome.SUCCEEDED, visitor.peer)
        return Finished(session=session)

    def _refuse(self, differs: PinDiffers, address: str, key: str, method: LoginMethod, peer: Peer) -> None:
        self.events.write_for(address, differs.user, method, LoginOutcome.REFUSED, peer)
        self.events.alarm(address, key)

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)
