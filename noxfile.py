# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2025.10"]
# ///
"""Every task of the project, as a nox session; `python3 noxfile.py -s NAME` needs nothing but Python.

`nox -s NAME` does the same where nox is installed, `uv run noxfile.py -s NAME` where uv is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BENCHMARKS = ("before", "codegen", "ingest", "ledger", "node", "pages", "postings", "rpc", "scale")
"""What `bench` runs; the other files in `benchmarks/` are parts of these."""
LAUNCHER = ROOT / ".nox" / "launcher"
NOX = "nox[uv]>=2025.10"


def launch() -> None:
    """Run nox from an environment of its own, made on first use; the system's Python is left as it is.

    Debian ships Python without `ensurepip` and forbids installing into it: the environment is then made without pip
    and filled by the system's pip from outside.
    """
    python = LAUNCHER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (LAUNCHER / "ready").exists():
        print("Setting up nox in .nox/launcher (once) …", flush=True)
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            venv.create(LAUNCHER, clear=True, symlinks=os.name != "nt")
            pip = [sys.executable, "-m", "pip", "--python", str(python)]
        else:
            venv.create(LAUNCHER, clear=True, with_pip=True, symlinks=os.name != "nt")
            pip = [str(python), "-m", "pip"]
        subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", NOX], check=True)
        (LAUNCHER / "ready").touch()
    command = [str(python), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *sys.argv[1:]]
    try:
        raise SystemExit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    try:
        import nox
    except ImportError:
        launch()
else:
    import nox

nox.needs_version = ">=2025.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True


def install(session: nox.Session, *groups: str, extra: str = "site") -> None:
    """Install the project (editable) and dependency groups at the pinned versions; nothing to do when unchanged."""
    inputs = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs) + repr((groups, extra)).encode()).hexdigest()
    stamp = Path(session.virtualenv.location) / "installed"
    if stamp.exists() and stamp.read_text() == digest:
        return
    arguments = [part for group in groups for part in ("--group", group)]
    session.install("-c", "constraints.txt", "-e", f".[{extra}]", *arguments)
    stamp.write_text(digest)


@nox.session
def demo(session: nox.Session) -> None:
    """Set up, migrate, add a little demo data, start site (http://127.0.0.1:9920) and sandbox, say how to sign in."""
    install(session)
    # Ctrl-C reaches the demo too; it needs a moment to end what it started.
    session.run("hero-onboarding", "demo", *session.posargs, interrupt_timeout=30.0, terminate_timeout=10.0)


@nox.session
def tests(session: nox.Session) -> None:
    """Lint, freshness, then every test, types among them. Arguments after `--` go to pytest instead."""
    install(session, "test", "lint")
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    check(session)
    browser(session)
    # PERF: half of the time tests wait for the programs they start, so four processes keep two cores busy. There are
    # hundreds of those: where Python was told to write no bytecode, each of them would compile all that it imports.
    # They take whole files in the order of `tests/conftest.py`.
    workers = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
    session.run("pytest", *workers, env={"PYTHONDONTWRITEBYTECODE": None})


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, mypy --strict (generated code, tests, benchmarks too), `oschema lint`, `oschema fmt --check`, freshness."""
    install(session, "test", "lint")
    session.run("mypy")
    check(session)


def check(session: nox.Session) -> None:
    """What must hold before a test is run; types are looked at beside the tests."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("oschema", "fmt", "--check")
    session.run("oschema", "lint")
    session.run("oschema", "breaking", "--against", last_release(session))
    session.run("oschema", "migrate", "plan", "--check")
    session.run("oschema", "generate", "--check")


def last_release(session: nox.Session) -> str:
    """The newest release's tag, or, before the first release, the lock of the last migration."""
    tags = session.run("git", "tag", "--list", "v*", "--sort=-v:refname", "--merged", silent=True, external=True)
    return str(tags).split("\n", 1)[0] or "schemas/schema.lock.json"


@nox.session
def codegen(session: nox.Session) -> None:
    """Regenerate everything from `schemas/`, then verify it; `-- --check` only verifies.

    Verified are imports and types, round trips of every object through a database, the OpenRPC document against its
    meta-schema, and that everything is fresh.
    """
    install(session, "test", "lint")
    if "--check" in session.posargs:
        session.run("oschema", "generate", "--check")
    else:
        session.run("oschema", "generate", *session.posargs)
    session.run("ruff", "check", "generated")
    session.run("mypy", "generated")
    session.run("pytest", "-n", "2", "generated/conformance", "tests/unit/test_openrpc.py")


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutate the money core and list what its tests do not notice: `nox -s mutants -- handlers/ledger/wallet.py`."""
    install(session, "test")
    session.run("python", "-m", "tests.mutation", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel and the source archive into dist/; install them and each extra into empty environments, and run
    them there."""
    install(session, "test", "lint")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("uv", "build", "--sdist", "--wheel", "--out-dir", "dist")
    session.run("pytest", "tests/packages", env={"PACKAGES": str(ROOT / "dist")})


@nox.session
def bench(session: nox.Session) -> None:
    """Run a benchmark, `nox -s bench -- NAME`; without a name it says which there are. Peers run in the same run."""
    install(session, "bench")
    if not session.posargs or session.posargs[0] not in BENCHMARKS:
        session.error("say which: " + ", ".join(BENCHMARKS))
    name, *rest = session.posargs
    session.run("python", "-P", f"benchmarks/{name}.py", *rest)  # -P: benchmarks/codegen.py is not our codegen


@nox.session(venv_backend="none")
def system(session: nox.Session) -> None:
    """Install the Debian packages some tests and benchmarks need (chromium, wrk); asks for root where it is not."""
    install_packages(session, "chromium", "git", "wrk")


def install_packages(session: nox.Session, *packages: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    session.run(*sudo, "apt-get", "update", "-q", external=True)
    session.run(*sudo, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, external=True)


def browser(session: nox.Session) -> None:
    """The tests in a browser need one: as root on Debian it is installed, elsewhere it is asked for."""
    if shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        install_packages(session, "chromium")
    else:
        session.warn("no chromium: the browser tests are skipped; `nox -s system` installs it")


if __name__ == "__main__":
    nox.main()
