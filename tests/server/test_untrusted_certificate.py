"""A forge whose certificate nobody has signed: each who asks says so, and which variable mends it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from generated.errors.onboarding import ProviderUnavailable
from handlers.node.init import init
from handlers.node.remote import PushRefused
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import FetchFailed, Mirrors
from providers.forgejo import ForgejoForge, ForgejoSettings
from providers.git.remote import branches
from tests.waiting import PATIENCE

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of one that speaks TLS, and nothing else."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *names)
    subprocess.run(made, capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with suppress(OSError), context.wrap_socket(connection, server_side=True) as spoken:
                        spoken.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def asked_by_the_api(url: str, folder: Path) -> str:
    plugin = ForgejoForge(ForgejoSettings.model_validate({"url": url, "token": "0" * 40}))
    with pytest.raises(ProviderUnavailable) as told:
        plugin.get_repository("hero_ops", "billing-n1")
    return str(told.value.detail)


def asked_by_git(url: str, folder: Path) -> str:
    with pytest.raises(ProviderUnavailable) as told:
        branches(f"{url}/hero_ops/billing-n1.git", None)
    return str(told.value.detail)


def asked_by_a_node(url: str, folder: Path) -> str:
    with pytest.raises(PushRefused) as told:
        init(folder / "n1", "n1", f"{url}/hero_ops/billing-n1.git")
    return str(told.value)


def asked_by_the_aggregator(url: str, folder: Path) -> str:
    mirrors = Mirrors.below(folder / "mirrors", Limits(silence=PATIENCE), at_once=1)
    try:
        with pytest.raises(FetchFailed) as told:
            mirrors.fetch("n1", f"{url}/hero_ops/billing-n1.git")
        return told.value.detail
    finally:
        mirrors.close()


@pytest.mark.parametrize("ask", [asked_by_the_api, asked_by_git, asked_by_a_node, asked_by_the_aggregator])
def test_it_is_said_that_a_certificate_is_not_trusted(
    forge: str, tmp_path: Path, ask: Callable[[str, Path], str]
) -> None:
    told = ask(forge, tmp_path)
    assert "certificate is not trusted; SSL_CERT_FILE names" in told, told


def test_git_believes_whom_the_others_believe(forge: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock git knows that variable by another name; behind its certificate this one says nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert asked_by_git(forge, tmp_path) == "the server cannot be reached"
