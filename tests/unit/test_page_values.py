"""How pages write values and read forms; what they say to every error."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.context import SystemClock
from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.routes import SERVICES
from handlers.composition import assemble, load_settings
from handlers.domain import Pages
from handlers.pages.messages import ERRORS as OF_EVERY_PAGE
from handlers.pages.messages import Messages
from handlers.pages.shown import browser, money, short, when
from handlers.pages.visit import own_path
from handlers.payments.pages.top_up_form import cents_of
from tests.migrated import migrate

LOGIN = (
    "bad_request",
    "address_key_mismatch",
    "bad_origin",
    "key_mismatch",
    "public_key_required",
    "mycelium_unavailable",
    "rate_limited",
    "proof_failed",
)


@pytest.mark.parametrize(
    ("nano", "shown", "exact", "signed"),
    [
        (0, "$0.00", "$0.00", "$0.00"),
        (50_000_000_000, "$50.00", "$50.00", "+$50.00"),
        (1_234_567_891_234_567, "$1,234,567.89", "$1,234,567.891234567", "+$1,234,567.89"),
        (-5_000_000_000, "−$5.00", "−$5.00", "−$5.00"),
        (-1, "−$0.01", "−$0.000000001", "−$0.01"),
        (9_999_999, "$0.00", "$0.009999999", "$0.00"),
    ],
)
def test_money(nano: int, shown: str, exact: str, signed: str) -> None:
    assert money(nano) == shown
    assert money(nano, exact=True) == exact
    assert money(nano, signed=True) == signed


@pytest.mark.parametrize("kind", [int, Money])
@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (12_345, "$0.000012"),
        (999_999, "$0.00099"),
        (-999_999, "−$0.00099"),
        (9_999_999, "$0.0099"),
        (10_000_000, "$0.01"),
    ],
)
def test_fine_money_is_never_nothing(kind: type[int], nano: int, shown: str) -> None:
    assert money(kind(nano), fine=True) == shown


@given(st.integers(-(2**62), 2**62))
def test_exact_money_loses_nothing(nano: int) -> None:
    text = money(nano, exact=True)
    assert Money.parse(text.replace("−", "-").replace("$", "").replace(",", "")) == nano
    assert money(nano).replace(",", "").replace("$", "").replace("−", "-") == str(Money.from_cents(Money(nano).cents))


def test_times_are_utc() -> None:
    moment = datetime(2026, 11, 5, 7, 8, 9, tzinfo=UTC)
    assert when(moment) == '<time datetime="2026-11-05T07:08:09Z">5 Nov 2026, 07:08 UTC</time>'
    assert when(moment, day=True, beside=True) == '<time datetime="2026-11-05T07:08:09Z" data-beside>5 Nov 2026</time>'


def test_names_of_browsers_and_addresses() -> None:
    assert browser("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0") == "Firefox on Linux"
    assert (
        browser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1")
        == "Safari on iPhone"
    )
    assert browser("<script>") == browser(None) == "Unknown browser"
    assert short("430:9364:d8d8:84a9:dd60:de78:c767:d361") == "430:9364:…d361"
    assert short("400::1") == "400::1"


@pytest.mark.parametrize(
    ("fields", "cents"),
    [
        ({"amount": "25"}, 2500),
        ({"amount": " $25.5 "}, 2550),
        ({"amount": "1,000.00"}, 100_000),
        ({"amount": "0"}, 0),
        ({"amount_cents": "2500"}, 2500),
        ({"amount": "", "amount_cents": "2500"}, 2500),
        ({"amount": "7", "amount_cents": "2500"}, 700),
        ({"amount": "1,00"}, None),
        ({"amount": "25.505"}, None),
        ({"amount": "-5"}, None),
        ({"amount": "1e3"}, None),
        ({"amount": "٢٥"}, None),
        ({"amount": "99999999"}, None),
        ({"amount_cents": "25.0"}, None),
        ({"amount_cents": "-1"}, None),
        ({}, None),
        ({"amount": "NaN"}, None),
    ],
)
def test_amounts(fields: dict[str, str], cents: int | None) -> None:
    assert cents_of(fields) == cents


@pytest.mark.parametrize("path", ["/dashboard", "/ledger?account=held&before=7", "/payment/return?session_id=cs_1"])
def test_own_paths(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "dashboard",
        "/login?next=/x",
        "/login/link?token=x",
        "/logout",
        "/" + "x" * 600,
        "///evil.example",
        "http:/dashboard",
        " /dashboard",
    ],
)
def test_other_paths_lead_to_the_dashboard(path: str) -> None:
    assert own_path(path) == "/dashboard"


@given(st.text(max_size=40))
def test_no_path_leaves_the_site(path: str) -> None:
    led = own_path(path)
    assert led.startswith("/") and not led.startswith(("//", "/\\")) and led.isprintable()


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[list[Pages]]:
    """The pages of all domains."""
    settings = load_settings(var_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/site.db")
    database = Database.open(settings.database_url)
    migrate(database)
    assembly = assemble(settings, database, SystemClock(), Log(lambda _: None))
    yield [parts.pages for parts in assembly.parts if parts.pages is not None]
    database.close()


def test_every_error_of_a_form_has_a_sentence(offered: list[Pages]) -> None:
    """Errors of the methods that forms call, of the login protocol, and those that any page may answer."""
    forms = ("payments.create_top_up", "payments.check", "payments.receipt", "identity.logout")
    called = [method for method in SERVICES if method.name in forms]
    assert len(called) == 4
    slugs = {error.slug for method in called for error in method.errors if issubclass(error, DeclaredError)}
    assert {"amount_out_of_range", "kyc_cap", "provider_unavailable"} <= slugs
    for slug in {*slugs, *LOGIN, "form_expired", "unauthorized", "forbidden", "busy", "internal"}:
        assert Messages(offered).error(slug) is not None, slug


def test_sentences_are_whole(offered: list[Pages]) -> None:
    messages = Messages(offered)
    for slug in {slug for pages in offered for slug in pages.errors} | OF_EVERY_PAGE.keys():
        message = messages.of(slug, None)
        assert message is not None and message.tone == "bad"
        assert message.text[0].isupper() and message.text.endswith(".") and "{" not in message.text
    for slug in (slug for pages in offered for slug in pages.events):
        message = messages.of(None, slug)
        assert message is not None and message.tone != "bad"
    assert messages.of("<script>", "nothing") is None
    assert "$1,000.00" in messages.of("amount_out_of_range", None)[1]  # type: ignore[index]
