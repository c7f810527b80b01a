"""What parcels bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams
from codegen.runtime.rpc.wiring import Webhook, serves
from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.hooks import Hooks
from generated.models.onboarding import AlertSettings, AuditFinding, PushReport
from generated.services.onboarding import UsageService
from generated.tables.onboarding import ALERT_SETTINGS
from handlers.audit import Audit, Carry
from handlers.demo_data import DemoSecrets, Hint
from handlers.domain import Domain, Job, Link, Pages, Parts, Problem, Site
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.settings import Settings
from tests.server.parcels.commands import COMMANDS


class ParcelSettings(Settings):
    parcel_limit: int = 3


class Parcels:
    """Counts what waits; shared with domains later in the list."""

    def __init__(self) -> None:
        self.waiting = 0

    def arrive(self) -> int:
        self.waiting += 1
        return 1


@serves(UsageService)
class ParcelHandler:
    def __init__(self, parcels: Parcels, limit: int) -> None:
        self._parcels, self._limit = parcels, limit

    def push_usage_now(self, context: Context) -> PushReport:
        return PushReport(records=self._limit, files=self._parcels.waiting, heartbeat=False, duration_ms=0)


class ParcelsPage(Page):
    def __init__(self, context: PageContext, parcels: Parcels) -> None:
        super().__init__(context)
        self._parcels = parcels

    @page
    def on_get(self, visit: Visit) -> None:
        visit.page("parcels.html", waiting=self._parcels.waiting)


def always_warned(context: Context, alerts: AlertSettings) -> AlertSettings:
    if not alerts.low_balance:
        raise InvalidParams("data.low_balance", "who sends parcels is warned", "parcel")
    return alerts


def parts(site: Site) -> Parts:
    parcels, limit = Parcels(), site.settings_of(ParcelSettings).parcel_limit

    def delivered(context: Context, body: bytes, headers: Mapping[str, str]) -> bytes:
        parcels.arrive()
        return body

    return Parts(
        services=(ParcelHandler(parcels, limit),),
        webhooks=(Webhook("parcels", "/webhooks/parcels", delivered),),
        hooks=(Hooks(type=ALERT_SETTINGS, pre_new=always_warned),),
        jobs=(Job("parcels.arrive", 1, parcels.arrive),),
        pages=Pages(
            routes={"/parcels": lambda context: ParcelsPage(context, parcels)},
            templates=Path(__file__).parent / "templates",
            errors={"parcel_lost": "The parcel is lost. Ask for another."},
            navigation=(Link(35, "/parcels", "Parcels"),),
            form_targets=("https://parcels.example",),
        ),
        shared=(parcels,),
    )


def lost(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, name in rows:
        if name == "Lost":
            yield AuditFinding(check="parcel", subject=sid, detail="a parcel is lost")


ALL_ARRIVED = Audit(
    name="parcels",
    statement='SELECT sid, display_name FROM "user" WHERE sid > ? ORDER BY sid LIMIT ?',
    judge=lost,
)


def checks(settings: ParcelSettings) -> Iterator[Problem]:
    if settings.parcel_limit > 100:
        yield Problem("weak", settings.variable("parcel_limit"), "nobody can carry so many")


def demo(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    return [Hint("parcel", secrets.get("parcel", lambda: "2 kg"))]


DOMAIN = Domain(
    name="parcels",
    settings=ParcelSettings,
    parts=parts,
    audits=(ALL_ARRIVED,),
    checks=checks,
    demo=demo,
    commands=COMMANDS,
)
