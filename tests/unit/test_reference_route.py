"""The reference over HTTP: its pages only, with their headers, and nothing beside them."""

import falcon
import pytest
from falcon import testing

from codegen.emit.openrpc import openrpc
from codegen.emit.schema import schema
from codegen.model.model import Program
from codegen.runtime.http.reference import ReferenceResource
from codegen.runtime.reference.pages import Reference


@pytest.fixture
def client() -> testing.TestClient:
    program = Program(modules=())
    app = falcon.App()
    ReferenceResource(Reference(lambda: openrpc.document(program), lambda: schema.document(program))).add_to(app)
    return testing.TestClient(app)


def test_index_answers_for_its_folder(client: testing.TestClient) -> None:
    answer = client.simulate_get("/reference/")
    assert "<h1>Empty API</h1>" in answer.text
    assert answer.text == client.simulate_get("/reference/index.html").text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert client.simulate_get("/reference").headers["location"] == "/reference/"


def test_the_style_sheet(client: testing.TestClient) -> None:
    assert client.simulate_get("/reference/style.css").headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/reference/../pages.py",
        "/reference/%2e%2e/pages.py",
        "/reference/..%2fpages.py",
        "/reference/base.html.j2",
        "/reference//etc/passwd",
        "/reference/nothing.html",
    ],
)
def test_nothing_else(client: testing.TestClient, path: str) -> None:
    assert client.simulate_get(path).status_code == 404


def test_an_unchanged_page_is_not_sent_again(client: testing.TestClient) -> None:
    etag = client.simulate_get("/reference/errors.html").headers["etag"]
    answer = client.simulate_get("/reference/errors.html", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_reading_only(client: testing.TestClient) -> None:
    assert client.simulate_post("/reference/").status_code == 405
    assert client.simulate_head("/reference/").status_code == 200
