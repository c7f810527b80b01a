"""Vendors whose answers do not end, byte by byte or all at once: a call comes back, and says that nobody knows."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import sleep
from types import ModuleType

import pytest

from generated.errors.onboarding import ProviderUnavailable
from providers.clickpesa import ClickPesaProvider, ClickPesaSettings
from providers.clickpesa import calls as clickpesa
from providers.forgejo import calls as forgejo
from providers.idenfy import IdenfyProvider, IdenfySettings
from providers.idenfy import calls as idenfy
from providers.stripe import StripeProvider, StripeSettings
from providers.stripe import http as stripe

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"


def drip(connection: socket.socket) -> None:
    for _ in itertools.count():
        connection.sendall(b" ")
        sleep(0.02)


def flood(connection: socket.socket) -> None:
    for _ in itertools.count():
        connection.sendall(b" " * 100_000)


@contextmanager
def vendor(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose answers begin, and do not end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(HEAD)
            send(connection)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def ask_clickpesa(url: str) -> None:
    told = {"base_url": url, "client_id": "i", "api_key": "k", "checksum_keys": "c"}
    settings = ClickPesaSettings.model_validate(told)
    ClickPesaProvider(settings).fetch_session("HL000RS0123456789ABC")


def ask_idenfy(url: str) -> None:
    settings = IdenfySettings.model_validate({"base_url": url, "key": "k", "secret": "s", "signing_keys": "w"})
    IdenfyProvider(settings).fetch("scan")


def ask_forgejo(url: str) -> None:
    forgejo.Api(url, "t").get("/version")


def ask_stripe(url: str) -> None:
    StripeProvider(StripeSettings.model_validate({"base_url": url, "sandbox_secret_key": "sk_test_x"})).fetch_session(
        "c"
    )


@pytest.mark.parametrize("send", [drip, flood])
@pytest.mark.parametrize(
    ("calls", "ask"),
    [(clickpesa, ask_clickpesa), (idenfy, ask_idenfy), (forgejo, ask_forgejo), (stripe, ask_stripe)],
    ids=["clickpesa", "idenfy", "forgejo", "stripe"],
)
def test_a_call_comes_back(
    calls: ModuleType,
    ask: Callable[[str], None],
    send: Callable[[socket.socket], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "LONGEST", 0.3)
    monkeypatch.setattr(calls, "MOST_BYTES", 1_000_000)
    # What is sent has no end: who waits for that never comes back.
    with vendor(send) as url, pytest.raises(ProviderUnavailable) as told:
        ask(url)
    assert told.value.data()["detail"] in ("its answer does not end", "APIConnectionError")
