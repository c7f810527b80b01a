"""What verification brings: attempts at a provider, its callbacks, the job that asks for lost ones, and their audit."""

from pathlib import Path

from codegen.runtime.rpc.local import local
from codegen.runtime.values.types import Money
from generated.routes import SERVICES
from generated.services.onboarding import KycService
from handlers.domain import Domain, Job, Link, Pages, Parts, Site
from handlers.kyc import audit, demo
from handlers.kyc.credit import HeldCredit
from handlers.kyc.pages import messages
from handlers.kyc.pages.kyc import KycPage, KycReturn, KycStart
from handlers.kyc.providers import KYC
from handlers.kyc.service import KycHandler, Verification, provider_webhooks
from handlers.kyc.settings import KycSettings
from handlers.payments.service import Payments
from handlers.payments.settings import PaymentSettings

ANYWHERE = ("https:",)


def parts(site: Site) -> Parts:
    settlement = site.get(Payments).settlement
    held = HeldCredit(settlement.ledger.transaction, settlement.release)
    verification = site.find(Verification) or Verification.installed(
        site.database, site.clock, site.settings_of(KycSettings), held, site.log
    )
    handler = KycHandler(verification)
    service = local(KycService, handler, SERVICES)
    cap = Money.from_cents(site.settings_of(PaymentSettings).kyc_free_cap_cents)
    able = verification.providers.capabilities().values()
    return Parts(
        services=(handler,),
        webhooks=provider_webhooks(verification),
        jobs=(Job("kyc.checks", 5, verification.checks.run_once),),
        pages=Pages(
            routes={
                "/kyc": lambda context: KycPage(context, verification.standings, cap),
                "/kyc/start": lambda context: KycStart(context, service),
                "/kyc/return": lambda context: KycReturn(context, verification.checks),
            },
            templates=Path(__file__).parent / "pages" / "templates",
            errors=messages.ERRORS,
            navigation=(Link(10, "/kyc", "Verification", account=True),),
            form_targets={str(origin) for can in able for origin in can.hosted_origins or ANYWHERE},
        ),
        shared=(verification, verification.standings),
    )


DOMAIN = Domain(
    name="kyc",
    settings=KycSettings,
    parts=parts,
    audits=(audit.ATTEMPTS, audit.USERS),
    plugins=(KYC,),
    demo=demo.fill,
)
