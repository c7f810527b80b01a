"""The laws of addresses and credentials: git fetches by them, no secret is in them, none goes to another host."""

from __future__ import annotations

import base64
import os
import subprocess
from urllib.parse import urlsplit

from codegen.runtime.testing.conformance import case
from generated.models.onboarding import GitCredentials
from providers.testing.forge.world import MAIN, ForgeWorld

SCHEMES = ("https", "http", "file")


class AddressLaws(ForgeWorld):
    @case
    def test_an_address_holds_no_secret(self) -> None:
        """It is kept, shown, and written into logs."""
        plugin = self.make()
        made = self.added(plugin)
        for found in (made, plugin.get_repository(self.owner, made.name)):
            parts = urlsplit(found.clone_url)
            assert parts.scheme in SCHEMES, f"git is not asked to speak {parts.scheme!r}"
            assert "@" not in parts.netloc and not parts.query, "a name or a password stands in the address"

    @case
    def test_git_fetches_by_the_address_and_the_credentials(self) -> None:
        """Stock git, which has to be installed."""
        plugin = self.make()
        made = self.added(plugin)
        commit = self.commit(plugin, made.name)
        found = listed_by_git(made.clone_url, plugin.git_credentials(made.clone_url))
        assert found == f"{commit}\trefs/heads/{MAIN}", f"git lists {found!r}, and {commit} was pushed"

    @case
    def test_credentials_are_for_this_forge_only(self) -> None:
        """Whoever registers a repository somewhere else would read them there."""
        plugin = self.make()
        address = self.added(plugin).clone_url
        parts = urlsplit(address)
        host, port = parts.hostname or "forge.example", parts.port or 443
        elsewhere = [
            f"https://elsewhere.example{parts.path}",
            f"https://{host}.elsewhere.example{parts.path}",
            f"https://{host}:{port}@elsewhere.example{parts.path}",
            f"https://elsewhere.example/{host}{parts.path}",
            f"https://elsewhere.example#{address}",
            f"https://elsewhere.example?{address}",
            f"https://{host}:{port % 60_000 + 1}{parts.path}",
            f"ftp://{parts.netloc}{parts.path}",
            f"git://{parts.netloc}{parts.path}",
            "https://[",
            "nonsense",
        ]
        told = [each for each in elsewhere if plugin.git_credentials(each) is not None]
        assert not told, f"credentials are given for {', '.join(told)}"


def listed_by_git(address: str, credentials: GitCredentials | None) -> str:
    """What git lists of the branch; the credentials go by the environment."""
    config = {"http.followRedirects": "false", "credential.helper": ""}
    if credentials is not None:
        pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        config["http.extraHeader"] = f"Authorization: Basic {pair}"
    environment = {"GIT_CONFIG_COUNT": str(len(config)), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    for number, (name, value) in enumerate(config.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    done = subprocess.run(
        ["git", "ls-remote", "--", address, f"refs/heads/{MAIN}"],
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **environment},
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"git cannot list it: {done.stderr.decode(errors='replace')[:500]}"
    return done.stdout.decode().strip()
