"""`kyc.*` and the callbacks of providers: what is called from outside, handed on to whoever does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.runtime.context import Clock, Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.wiring import Webhook, own_transactions
from codegen.runtime.storage.database import Database
from generated.models.onboarding import KycSession, KycStarted, KycState, User
from generated.services.onboarding import KycService
from handlers.kyc.attempts import Attempts
from handlers.kyc.callbacks import Callbacks
from handlers.kyc.checks import Checks
from handlers.kyc.credit import HeldCredit
from handlers.kyc.decisions import Decisions
from handlers.kyc.providers import KYC, KycProviders, webhook_path
from handlers.kyc.settings import KycSettings
from handlers.kyc.standing import KycStandings
from handlers.kyc.verdicts import Verdicts
from handlers.plugins import installed


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that deals with verification over one database, made once."""

    providers: KycProviders
    verdicts: Verdicts
    attempts: Attempts
    callbacks: Callbacks
    checks: Checks
    decisions: Decisions
    standings: KycStandings

    @classmethod
    def over(
        cls,
        database: Database,
        clock: Clock,
        settings: KycSettings,
        providers: KycProviders,
        held: HeldCredit,
        log: Log,
    ) -> Verification:
        verdicts = Verdicts(database, clock, held)
        checks = Checks(providers, verdicts, log)
        attempts = Attempts(settings, providers, verdicts, checks)
        return cls(
            providers,
            verdicts,
            attempts,
            Callbacks(providers, verdicts),
            checks,
            Decisions(providers, verdicts, attempts),
            KycStandings(verdicts, providers, clock),
        )

    @classmethod
    def installed(
        cls, database: Database, clock: Clock, settings: KycSettings, held: HeldCredit, log: Log
    ) -> Verification:
        """With the installed providers; those that cannot be used are told in the log by name."""
        found = installed(KYC, settings)
        found.log(log)
        return cls.over(database, clock, settings, KycProviders(found.ready, settings.kyc_provider), held, log)


class KycHandler(KycService):
    """`KycService`."""

    def __init__(self, verification: Verification) -> None:
        self._verification = verification

    @own_transactions
    def start(self, context: Context) -> KycStarted:
        """Open an attempt, or answer the one that is open; the provider is called outside of any transaction."""
        return self._verification.attempts.start(user_of(context))

    def state(self, context: Context) -> KycState:
        """How the caller's verification stands."""
        found = self._verification.standings.of(self._verification.verdicts.users.store.get(user_of(context)))
        return KycState(
            status=found.status, verified_at=found.verified_at, session=found.session, may_start=found.may_start
        )

    @own_transactions
    def reset(self, context: Context, *, user_sid: str, reason: str) -> User:
        """Set all attempts of a user aside."""
        return self._verification.decisions.reset(context, user_sid, reason)

    @own_transactions
    def recreate(self, context: Context, *, user_sid: str, reason: str) -> KycStarted:
        """Set all attempts of a user aside, and open a new one."""
        return self._verification.decisions.recreate(context, user_sid, reason)

    @own_transactions
    def erase(self, context: Context, *, session_sid: str, reason: str) -> KycSession:
        """Have an attempt erased at its provider."""
        return self._verification.decisions.erase(context, session_sid, reason)


def provider_webhooks(verification: Verification) -> list[Webhook]:
    """The webhook of each provider: verify, keep the verdict, answer."""

    def route(name: str, path: str) -> Webhook:
        def call(context: Context, body: bytes, headers: Mapping[str, str]) -> bytes:
            return verification.callbacks.receive(name, body, headers).model_dump_json().encode()

        return Webhook(name, path, call)

    return [route(name, webhook_path(name, can)) for name, can in verification.providers.capabilities().items()]
