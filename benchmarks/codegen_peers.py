"""Other schema languages' own checks, for `codegen.py`: `buf lint` and `tsp compile`, over as many types and fields.

Both come from npm, into a temporary folder; where they cannot be had, a line says so and they are left out. Each has
its file of ten fields a type; what the languages can say of a field differs, so this shows growth rather than a race.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"buf lint": ("@bufbuild/buf", "buf"), "tsp compile": ("@typespec/compiler", "tsp")}
FIELDS = 10


def measured(types: int, scratch: Path) -> dict[str, float | None]:
    """Processor seconds of each peer; None for one that cannot be had."""
    found: dict[str, float | None] = {}
    for name, (package, program) in PACKAGES.items():
        folder = scratch / f"{program}{types}"
        folder.mkdir()
        command = _installed(scratch / "npm", package, program)
        if command is None:
            print(f"{name} is left out: npm could not install {package}", file=sys.stderr)
            found[name] = None
        elif program == "buf":
            (folder / "buf.yaml").write_text("version: v2\nlint:\n  use: [STANDARD]\n")
            (folder / "shop/v1").mkdir(parents=True)
            (folder / "shop/v1/shop.proto").write_text(protocol(types))
            found[name] = _cpu(folder, command, "lint")
        else:
            (folder / "main.tsp").write_text(models(types))
            found[name] = _cpu(folder, command, "compile", "main.tsp", "--no-emit")
    return found


def protocol(types: int) -> str:
    fields = "".join(f"  string field_{number} = {number};\n" for number in range(1, FIELDS + 1))
    messages = "".join(f"\n// Thing {number}.\nmessage Thing{number} {{\n{fields}}}\n" for number in range(types))
    return f'syntax = "proto3";\n\npackage shop.v1;\n{messages}'


def models(types: int) -> str:
    fields = "".join(f"  @minLength(1) field{number}: string;\n" for number in range(FIELDS))
    return "".join(f'\n@doc("Thing {number}.")\nmodel Thing{number} {{\n{fields}}}\n' for number in range(types))


def _installed(folder: Path, package: str, program: str) -> Path | None:
    found = folder / "node_modules/.bin" / program
    npm = shutil.which("npm")
    if not found.exists() and npm is not None:
        command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), package]
        folder.mkdir(exist_ok=True)
        subprocess.run(command, capture_output=True, check=False, timeout=300)
    return found if found.exists() else None


def _cpu(folder: Path, *command: str | Path) -> float:
    before = os.times()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), Path(sys.argv[2]))))
