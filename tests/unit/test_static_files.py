"""A folder of files over HTTP: its files only, with their headers, and nothing above it."""

from pathlib import Path

import falcon
import pytest
from falcon import testing

from handlers.pages.files import Folder


@pytest.fixture
def client(tmp_path: Path) -> testing.TestClient:
    (tmp_path / "secret.txt").write_text("secret")
    site = tmp_path / "site"
    (site / "objects").mkdir(parents=True)
    (site / "index.html").write_text("<h1>Réference</h1>", encoding="utf-8")
    (site / "objects" / "user.html").write_text("user")
    (site / "style.css").write_text("h1 {}")
    app = falcon.App()
    Folder(site, "reference").add_to(app)
    return testing.TestClient(app)


def test_index_answers_for_its_folder(client: testing.TestClient) -> None:
    answer = client.simulate_get("/reference/")
    assert answer.text == "<h1>Réference</h1>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert client.simulate_get("/reference").headers["location"] == "/reference/"


def test_files_by_path(client: testing.TestClient) -> None:
    assert client.simulate_get("/reference/objects/user.html").text == "user"
    assert client.simulate_get("/reference/style.css").headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/reference/../secret.txt",
        "/reference/%2e%2e/secret.txt",
        "/reference/..%2fsecret.txt",
        "/reference//etc/passwd",
        "/reference/objects",
        "/reference/nothing.html",
    ],
)
def test_nothing_else(client: testing.TestClient, path: str) -> None:
    assert client.simulate_get(path).status_code == 404


def test_unchanged_file_is_not_sent_again(client: testing.TestClient) -> None:
    etag = client.simulate_get("/reference/style.css").headers["etag"]
    answer = client.simulate_get("/reference/style.css", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_reading_only(client: testing.TestClient) -> None:
    assert client.simulate_post("/reference/").status_code == 405
    assert client.simulate_head("/reference/").status_code == 200
