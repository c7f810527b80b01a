"""Each extra in an empty environment: it has what it needs, and nothing that another extra brings."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.git_repository import GitRepository
from tests.packages.installed import ROOT, Installed, built, uv
from tests.programs import free_port, program
from tests.server.how_to import follow
from tests.server.people import Person

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def install(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Installed]:
    """An environment with the wheel and these extras; made once."""
    made: dict[tuple[str, ...], Installed] = {}

    def install(*extras: str) -> Installed:
        if extras not in made:
            made[extras] = Installed(tmp_path_factory.mktemp("env") / "venv", packages["wheel"], *extras)
        return made[extras]

    return install


def names(requirements: list[str]) -> set[str]:
    """The names of requirements; an extra of ours stands for what it requires."""
    found: set[str] = set()
    for requirement in requirements:
        if inner := re.fullmatch(r"hero-onboarding\[(\w+)\]", requirement):
            found |= names(EXTRAS[inner[1]])
        else:
            found.add(re.split(r"[\[<>=~ ]", requirement)[0])
    return found


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_an_extra_brings_what_it_names_and_nothing_of_the_others(install: Callable[..., Installed], extra: str) -> None:
    ours = names(PROJECT["dependencies"]) | (names(EXTRAS[extra]) if extra else set())
    everything = names(PROJECT["dependencies"]).union(*map(names, EXTRAS.values()))
    found = (install(extra) if extra else install()).distributions()
    assert found & everything == ours
    assert "hero-onboarding" in found


def test_core_generates_and_calls(install: Callable[..., Installed], tmp_path: Path) -> None:
    """`oschema`, and what it writes: models, tables, clients."""
    core = install()
    assert core.run("oschema", "--version", cwd=tmp_path).strip() == PROJECT["version"]
    core.run("oschema", "new", "tasks", cwd=tmp_path)
    for step in (
        ["fmt", "--check"],
        ["lint"],
        ["generate", "--out", "tasks_api"],
        ["generate", "--out", "tasks_api", "--check"],
        ["migrate", "plan", "--slug", "initial"],
        ["migrate", "apply", "--database", "sqlite:///tasks.db"],
        ["breaking", "--help"],
    ):
        core.run("oschema", *step, cwd=tmp_path)
    code = """
from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from tasks_api.clients.python import Client
from tasks_api.models.tasks import User
from tasks_api.tables.tasks import USER
import tasks_api.errors.tasks, tasks_api.routes, tasks_api.services.tasks

user = Store.of(USER, Database.open("sqlite:///tasks.db")).new({"name": "Ada"}, SystemClock().now())
with Client("http://127.0.0.1:1") as client:
    print(type(user) is User, user.name)
"""
    assert core.python(code, tmp_path) == "True Ada\n"
    core.python("import generated.models.onboarding, generated.tables, generated.clients.python", tmp_path)


def test_core_says_what_the_product_needs(install: Callable[..., Installed], tmp_path: Path) -> None:
    core = install()
    assert "serve" in core.run("hero-onboarding", "--help", cwd=tmp_path)
    told = core.run("hero-onboarding", "serve", cwd=tmp_path, status=1)
    assert "pip install 'hero-onboarding[site]'" in told and "Traceback" not in told


def test_an_example_of_the_documentation_is_right(install: Callable[..., Installed], tmp_path: Path) -> None:
    for example in ("library", "weather"):
        install().run("oschema", "lint", str(ROOT / "docs/examples" / example / "schemas"), cwd=tmp_path)


def test_serve_serves_generated_methods(install: Callable[..., Installed], tmp_path: Path) -> None:
    """The whole how-to page of the generator, from an empty folder to answers over HTTP."""
    follow("use-the-generator.md", tmp_path, without(install("serve").environment))


def without(environment: dict[str, str]) -> dict[str, str]:
    """For `follow`, which adds to the tests' own environment: what that has beside is emptied."""
    return {**{name: "" for name in os.environ if name.startswith("PYTHON")}, **environment}


@contextmanager
def serving(site: Installed, folder: Path) -> Iterator[str]:
    """The product in an empty folder; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {"HERO_ONBOARDING_PORT": str(port), "HERO_ONBOARDING_VAR_DIR": str(folder / "var")}
    site.run("hero-onboarding", "migrate", cwd=folder, variables=variables)
    serving = program(
        [site.bin / "hero-onboarding", "serve"],
        ready=f"{url}/readyz",
        log=folder / "log",
        environment=site.environment | variables,
        cwd=folder,
    )
    with serving:
        yield url


def test_site_is_the_product(install: Callable[..., Installed], tmp_path: Path) -> None:
    site = install("site")
    assert site.run("hero-onboarding", "--version", cwd=tmp_path).strip() == PROJECT["version"]
    with serving(site, tmp_path) as url:
        for path, told in (("/healthz", b"ok"), ("/", b"</html>"), ("/openrpc.json", b"billing.plans")):
            with urlopen(url + path) as answer:
                assert told in answer.read(), path


def test_node_has_its_key_and_its_repository(install: Callable[..., Installed], tmp_path: Path) -> None:
    node = install("node")
    person, forge = Person(), GitRepository.new(tmp_path / "billing-n1.git")
    (tmp_path / "key.bin").write_bytes(person.private)
    told = node.run(*("hero-onboarding", "login", "http://127.0.0.1:1", "--key", "key.bin"), cwd=tmp_path, status=1)
    assert "cannot be reached" in told, "all but the site is there"
    node.run(
        *("hero-onboarding", "node", "init", "--dir", "n1", "--node-id", "n1", "--repo-url", forge.url), cwd=tmp_path
    )
    code = """
from decimal import Decimal
from pathlib import Path
from handlers.node.log import UsageLog
from handlers.node.usage import NewUsage

with UsageLog(Path("n1")) as log:
    print(log.append(NewUsage("01JD4ZK7Q1M8", "vm_hour", Decimal(1))).local_seq)
"""
    assert node.python(code, tmp_path) == "1\n"
    assert "records committed: 1" in node.run("hero-onboarding", "node", "push", "--dir", "n1", cwd=tmp_path)
    code = """
import pygit2
from handlers.identity.key_file import read_key_file
from handlers.identity.mycelium import address_of
from nacl.public import PrivateKey
from pathlib import Path

key = PrivateKey(read_key_file(Path("key.bin")))
pygit2.init_repository("usage")
print(address_of(bytes(key.public_key)), pygit2.Repository("usage").is_empty)
"""
    assert node.python(code, tmp_path) == f"{person.address} True\n"


def test_a_plugin_is_written_installed_and_proved(install: Callable[..., Installed], tmp_path: Path) -> None:
    """The how-to pages of plugins as their authors follow them, with a real pip; and their types."""
    author = install("site", "kit")
    uv("pip", "install", "--quiet", "--python", author.bin / "python", "pip", "hatchling")
    follow("write-a-payment-provider.md", tmp_path, without(author.environment))
    follow("write-a-kyc-provider.md", tmp_path, without(author.environment))
    follow("write-a-provisioner.md", tmp_path, without(author.environment))
    follow("write-a-forge.md", tmp_path, without(author.environment))
    project = tmp_path / "piggy_bank"
    assert (project / ".github/workflows/ci.yml").is_file()
    (project / "wrong.py").write_text(
        "from codegen.runtime.values.types import Money\nfrom generated.models.onboarding import Plan\n"
        "cents: str = Money.from_cents(1)\nplan: int = Plan.model_validate_json('{}')\n"
    )
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--python-executable",
            author.bin / "python",
            "src",
            "tests",
            "wrong.py",
        ],
        cwd=project,
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.stdout.count("wrong.py") == checked.stdout.count("[assignment]") == 2, checked.stdout
    assert "piggy_bank" not in checked.stdout, checked.stdout


@pytest.mark.parametrize("kind", ["Forge", "PaymentProvider", "KycProvider", "Provisioner"])
def test_the_kit_is_all_that_the_tests_of_a_plugin_need(
    install: Callable[..., Installed], tmp_path: Path, kind: str
) -> None:
    """As in the CI of a plugin: no site beside it."""
    author = install("kit")
    author.run("oschema", "new", "--plugin", kind, f"my_{kind.lower()}", cwd=tmp_path)
    project = tmp_path / f"my_{kind.lower()}"
    into = ("--quiet", "--python", author.bin / "python", "-c", "constraints.txt")
    uv("pip", "install", *into, "-e", f"{project}[test]")
    assert "passed" in author.run("pytest", "-q", "-o", "addopts=", cwd=project)
    assert "falcon" not in author.distributions()


def test_the_source_archive_builds_the_same_wheel(packages: dict[str, Path], tmp_path: Path) -> None:
    uv("build", "--quiet", "--wheel", "--out-dir", tmp_path, packages["sdist"])
    [again] = tmp_path.glob("*.whl")
    assert again.name == packages["wheel"].name
    assert again.read_bytes() == packages["wheel"].read_bytes()
