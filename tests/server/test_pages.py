"""Pages as a client sees them: headers, forms that are refused, where nobody is signed in, errors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import falcon
import pytest
from falcon import testing

from codegen.runtime.context import SystemClock
from codegen.runtime.http.app import App
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from generated.models.onboarding import LoginMethod, User
from handlers.app import build
from handlers.composition import load_settings
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.identity.users import Users
from handlers.pages.errors import error_page
from handlers.pages.page import Page, page
from handlers.pages.visit import Visit
from handlers.settings import Settings
from tests.migrated import migrate
from tests.server.people import Person

ORIGIN = "http://127.0.0.1:9920"
HTML = {"Accept": "text/html,*/*;q=0.8", "Host": "127.0.0.1:9920"}
FORM = {**HTML, "Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
PAGES = (
    "/dashboard",
    "/settings",
    "/notices",
    "/plans",
    "/ledger",
    "/topup",
    "/sessions",
    "/payment/return?session_id=cs_1",
    "/receipts/01ABC",
)
FORMS = ("/settings", "/notices", "/plan/buy", "/plan/renew", "/payment/intent", "/payment/check", "/sessions")


class House:
    """A site in this process."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = load_settings(var_dir=folder, sandbox_url="http://127.0.0.1:1", public_url=ORIGIN)
        self.database = Database.open(self.settings.database_url)
        migrate(self.database)
        self.lines: list[bytes] = []
        self.log = Log(self.lines.append)
        self.app: App = build(self.settings, self.database, log=self.log)
        self.sessions = Sessions(self.database, SystemClock(), self.settings)

    def newcomer(self) -> User:
        person = Person()
        return self.database.run(lambda: Users(self.database, SystemClock()).admit(person.address, person.public_key))

    def session(self, user: User) -> str:
        """The cookie of a new session."""
        return self.database.run(lambda: self.sessions.create(user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))


class World:
    """Somebody who is signed in to the site."""

    def __init__(self, house: House) -> None:
        self.house, self.database, self.sessions = house, house.database, house.sessions
        self.client = testing.TestClient(house.app)
        self.user = house.newcomer()
        self.cookie = house.session(self.user)
        self.csrf = self.sessions.csrf_token(self.cookie)

    def get(self, path: str, signed_in: bool = True, **headers: str) -> testing.Result:
        return self.client.simulate_get(
            path, headers={**HTML, **headers}, cookies={"hl_session": self.cookie} if signed_in else {}
        )

    def post(self, path: str, fields: dict[str, str], signed_in: bool = True, **headers: str) -> testing.Result:
        return self.client.simulate_post(
            path,
            headers={**FORM, **headers},
            params=None,
            body=urlencode(fields),
            cookies={"hl_session": self.cookie} if signed_in else {},
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("house"))
    yield found
    found.database.close()


@pytest.fixture
def world(house: House) -> World:
    return World(house)


def where(answer: testing.Result) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("location", "")


# --- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/dashboard", "/ledger", "/topup", "/sessions"])
def test_headers_of_every_page(world: World, path: str) -> None:
    answer = world.get(path)
    policy = answer.headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'self' http://127.0.0.1:1"
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    html = answer.text
    assert not re.search(r"<style|<script(?! type=\"module\" src)|\sstyle=|\son\w+=", html)
    assert not re.findall(r'(?:src|href)="(?!/|#)', html)


def test_without_the_sandbox_forms_lead_to_known_payment_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_LIVE_SECRET_KEY", "sk_live_0123456789abcdefghijkl")
    monkeypatch.setenv("STRIPE_WEBHOOK_SIGNING_KEY", "whsec_0123456789abcdefghijkl")
    settings = load_settings(var_dir=tmp_path, public_url=ORIGIN)
    database = Database.open(settings.database_url)
    migrate(database)
    answer = testing.TestClient(build(settings, database, log=Log(lambda _: None))).simulate_get("/login", headers=HTML)
    assert "form-action 'self' https://checkout.stripe.com;" in answer.headers["content-security-policy"]
    database.close()


def test_static_files_are_kept_for_ever(world: World) -> None:
    names = set(re.findall(r'"(/static/[^"]+)"', world.get("/").text))
    assert {Path(name).suffix for name in names} == {".css", ".js", ".svg"}
    for name in names:
        assert re.search(r"\.[0-9a-f]{16}\.", name)
        answer = world.get(name)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", answer.content)
    assert world.get("/static/site.css").status_code == 404
    assert world.get("/static/..%2fpage.py").status_code == 404


# --- without a session ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_to_sign_in_and_lead_back(world: World, path: str) -> None:
    status, location = where(world.get(path, signed_in=False))
    assert status == 303
    assert unquote(location) == f"/login?next={path}"


@pytest.mark.parametrize("path", FORMS)
def test_forms_ask_to_sign_in(world: World, path: str) -> None:
    assert where(world.post(path, {}, signed_in=False)) == (303, "/login?next=/dashboard")


# --- forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", (*FORMS, "/logout", "/login", "/login/link"))
@pytest.mark.parametrize("token", ["", "wrong", None])
def test_a_form_without_its_token_does_nothing(world: World, path: str, token: str | None) -> None:
    fields = {"provider": "stripe", "amount": "10", "sid": "x"} | ({} if token is None else {"csrf_token": token})
    answer = world.post(path, fields)
    assert answer.status_code == 403
    assert "nothing was done" in answer.text
    assert world.get("/dashboard").status_code == 200, "still signed in"
    assert world.database.execute("SELECT COUNT(*) FROM top_up WHERE user_sid = ?", (world.user.sid,)) == [(0,)]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9921"])
def test_a_form_of_another_site_does_nothing(world: World, origin: str) -> None:
    answer = world.post("/logout", {"csrf_token": world.csrf}, Origin=origin)
    assert answer.status_code == 403
    assert world.get("/dashboard").status_code == 200


def test_a_token_is_good_in_its_own_browser(world: World) -> None:
    other = world.house.session(world.user)
    assert world.post("/logout", {"csrf_token": world.sessions.csrf_token(other)}).status_code == 403


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", "{}", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("application/x-www-form-urlencoded", "a=" + "b" * 20_000, 413),
        ("application/x-www-form-urlencoded", "&".join(f"f{n}=1" for n in range(60)), 400),
        ("application/x-www-form-urlencoded", b"a=\xff\xfe", 400),
    ],
    ids=["json", "multipart", "large", "many", "bytes"],
)
def test_what_is_no_form(world: World, content_type: str, body: Any, status: int) -> None:
    answer = world.client.simulate_post(
        "/payment/intent",
        headers={**FORM, "Content-Type": content_type},
        body=body,
        cookies={"hl_session": world.cookie},
    )
    assert answer.status_code == status
    assert "<!doctype html>" in answer.text


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"provider": "stripe"}, "amount_invalid"),
        ({"provider": "stripe", "amount": "4.99"}, "amount_out_of_range"),
        ({"provider": "stripe", "amount_cents": "100001"}, "amount_out_of_range"),
        ({"provider": "nobody", "amount": "10"}, "unknown_provider"),
        ({"amount": "10"}, "unknown_provider"),
        ({"provider": "stripe", "amount": "100.01"}, "kyc_cap"),
        ({"provider": "stripe", "amount": "10"}, "provider_unavailable"),
    ],
)
def test_refused_top_ups_go_back_with_a_sentence(world: World, fields: dict[str, str], slug: str) -> None:
    status, location = where(world.post("/payment/intent", {**fields, "csrf_token": world.csrf}))
    assert status == 303
    assert location.startswith(f"/topup?error={slug}&")
    page = world.get(location)
    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_what_an_address_says_is_never_markup(world: World) -> None:
    for path in (
        '/topup?error=<b>&amount="><script>alert(1)</script>',
        '/login?identity="><img>&next=/"><b>',
        "/dashboard?event=<i>&amount=<u>",
        "/payment/return?top_up=<b>",
    ):
        for signed_in in (True, False):
            text = world.get(path, signed_in=signed_in).text
            assert not re.search(r"<(script>|img|b>|i>|u>)", text), path


# --- what belongs to others -------------------------------------------------------------------------------------


def test_payments_of_others_are_not_there(world: World) -> None:
    stranger = world.house.newcomer()
    world.database.execute(
        "INSERT INTO top_up (sid, user_sid, provider, session_ref, amount, refunded, excess, over_cap, held, status,"
        " created_at, checks, rev) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', ?, 'stripe', 'cs_other', 5000000000, 0, 0,"
        " 0, 0, 'open', 1700000000, 0, 1)",
        (stranger.sid,),
    )
    for path in (
        "/payment/return?session_id=cs_other",
        "/payment/return?top_up=01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/receipts/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/receipts/x",
    ):
        answer = world.get(path)
        assert answer.status_code == 404, path
        assert "Page not found" in answer.text
    checked = world.post("/payment/check", {"csrf_token": world.csrf, "top_up": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    assert checked.status_code == 404
    foreign = world.house.session(stranger)
    found = world.sessions.find(foreign)
    assert found is not None
    assert where(world.post("/sessions", {"csrf_token": world.csrf, "sid": found.sid})) == (
        303,
        "/sessions?error=not_found",
    )
    assert world.sessions.find(foreign) is not None


# --- errors -----------------------------------------------------------------------------------------------------


def test_errors_are_pages_for_browsers_and_json_for_programs(world: World) -> None:
    missing = world.get("/nothing")
    assert (missing.status_code, "Page not found" in missing.text) == (404, True)
    assert world.client.simulate_get("/nothing").json["title"] == "404 Not Found"
    assert world.get("/rpc").headers["content-type"] == "application/json"
    wrong = world.get("/logout")
    assert (wrong.status_code, "does not work here" in wrong.text) == (405, True)
    assert wrong.headers["allow"].startswith("POST")
    limited = world.client.simulate_put("/dashboard", headers={**FORM})
    assert limited.status_code == 405


def test_head_is_get_without_a_body(world: World) -> None:
    answer = world.client.simulate_head("/login", headers=HTML)
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.client.simulate_head("/logout", headers=HTML).status_code == 405


def test_faults_of_ours_tell_a_number_and_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Page):
        @page
        def on_get(self, visit: Visit) -> None:
            raise RuntimeError("the secret is hidden")

        @page
        def on_post(self, visit: Visit) -> None:
            raise Unavailable("at postgresql://user:secret@host/")

        @page
        def on_put(self, visit: Visit) -> None:
            error_page(visit, 429, "rate_limited")

    context = next(
        route.resource.context
        for route in world.house.app._router._roots
        if route.resource is not None and isinstance(route.resource, Page)
    )
    app = falcon.App()
    app.add_route("/broken", Broken(context))
    client = testing.TestClient(app)
    answer = client.simulate_get("/broken", cookies={"hl_session": world.cookie})
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    number = re.search(r"<code>([0-9a-f]{12})</code>", answer.text)
    assert number is not None
    down = client.simulate_post("/broken")
    assert (down.status_code, "secret" in down.text) == (503, False)
    assert client.simulate_put("/broken").status_code == 429
    world.house.log.flush()
    told = b"".join(world.house.lines).decode()
    assert f'"event":"fault","request_id":"{number[1]}"' in told


def test_the_log_holds_no_secret(world: World) -> None:
    for path in (*PAGES, "/login/link?token=a-secret-token", "/login?identity=whoever"):
        world.get(path)
    world.post("/payment/intent", {"csrf_token": world.csrf, "provider": "stripe", "amount": "77.77"})
    world.house.log.flush()
    told = b"".join(world.house.lines).decode()
    assert '"route":"/login/link","status":303' in told
    for secret in ("a-secret-token", world.cookie, world.csrf, "whoever", "77.77"):
        assert secret not in told
