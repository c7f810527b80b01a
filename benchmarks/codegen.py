"""How long generating takes, beside datamodel-code-generator alone on the same JSON Schema.

Each measurement is a fresh process; the kinds of run are interleaved, medians are shown. `full` is `oschema generate`
into an empty directory, `no-op` the same again, `check` is `--check` on fresh output. Peaks are those of the largest
process: models are written in one of their own. `cpu` is processor time of all processes, in ratio to `alone`.

Then the other commands over the same schemas, by processor time: what a size takes, and how much more than the size
before it (2.0 where the size doubled is linear). `plan` has nothing to do, `breaking` compares with the lock. Beside
them `buf lint` and `tsp compile` over as many messages and models with as many fields, where npm can install them.

The types above are terse. `--lint 7` instead takes 7 MB of schemas as people write them (`codegen_large.py`), after a
quarter and half as much, and measures the commands that read schemas alone.

Run by `nox -s bench -- codegen [--sizes 250,500,1000,2000,4000] [--rounds 1]` or `nox -s bench -- codegen --lint 7`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PER_MODULE = 50

ALONE = """
import sys
from pathlib import Path
from datamodel_code_generator import DataModelType, Formatter, InputFileType, PythonVersion, generate
generate(Path(sys.argv[1]), input_file_type=InputFileType.JsonSchema, output=Path(sys.argv[2]),
         output_model_type=DataModelType.PydanticV2BaseModel, target_python_version=PythonVersion.PY_311,
         formatters=[Formatter.BUILTIN], treat_dot_as_module=True, use_annotated=True, disable_timestamp=True)
"""


def schemas(directory: Path, types: int) -> int:
    """Write a program of that many types, with services, errors and root objects; how many lines it has."""
    lines = 0
    for module in range(-(-types // PER_MODULE)):
        first, last = module * PER_MODULE, min(types, (module + 1) * PER_MODULE)
        text = f'module m{module} "1.0.0"\n' + "".join(declaration(number, first) for number in range(first, last))
        text += "".join(service(number, first) for number in range(first, last, 10))
        (directory / f"m{module}").mkdir(parents=True)
        (directory / f"m{module}" / "types.oschema").write_text(text)
        lines += text.count("\n")
    return lines


def declaration(number: int, first: int) -> str:
    """Of each ten types four are root objects; the others enums, an alias, structs and a union of two of them."""
    enum, alias, root = (first + (number - first) // 10 * 10 + place for place in (0, 1, 2))
    match number % 10:
        case 0:
            return f'\n/// What state thing {number} is in.\nT{number} = "open" | "held" | "done"\n'
        case 1:
            return f'\n/// A code of thing {number}.\nT{number} = str @regex("^[a-z0-9-]+$") @len(2, 40)\n'
        case 6 | 7:
            return (
                f"\nT{number} = {{\n    label: str @len(1, 80)\n    amount: money<USD>\n    note?: str\n"
                f"    at: otime\n}}\n"
            )
        case 8:
            return f"\n/// One or the other.\nT{number} = T{number - 2} | T{number - 1}\n"
        case 9:
            return f'\nT{number} = "low" | "high" | ...\n'
        case _:
            return (
                f"\n/// Thing {number}, which is kept.\n[rootobject, auth(user)]\nT{number} = {{\n    sid: sid\n"
                f"    /// What it is called.\n    code: T{alias} @unique\n    state: T{enum} = open @index\n"
                f"    parent?: &T{root}\n    price: money<USD> @min(0)\n    quantity: u32 = 1\n    tags: [str] = []\n"
                f"    counts: map<str, i64>\n    ratio: f64\n    created_at: otime @server @immutable\n}}\n"
            )


def service(number: int, first: int) -> str:
    root = number + 2
    return (
        f'\nerror Refused{number}({2000 + number // 10}, 409) "not now" {{ why: str }}\n'
        f'\n[version("1.0"), auth(user)]\nservice Desk{number}Service {{\n'
        f"    /// Look one up.\n    look_up(code: T{number + 1}) -> T{root} ! NotFound  @safe\n"
        f"    hold(sid: sid, until: otime) -> T{root} ! NotFound | Refused{number}\n"
        f"    count(state?: T{number}) -> u64  @safe\n"
        f"    move(sids: [sid], amount: money<USD>) ! Refused{number}\n}}\n"
    )


@dataclass(slots=True)
class Runs:
    """What the rounds of one kind of run took: seconds, seconds of processor time, and MiB at the peak."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)

    @property
    def time(self) -> float:
        return statistics.median(self.seconds)

    @property
    def cpu(self) -> float:
        return statistics.median(self.processor)

    @property
    def peak(self) -> float:
        return statistics.median(self.peaks)


def measure(runs: Runs, *command: str) -> None:
    """Run a process to its end; a failing one ends the benchmark."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    runs.seconds.append(time.perf_counter() - started)
    runs.processor.append(usage.ru_utime + usage.ru_stime)
    runs.peaks.append(usage.ru_maxrss / 1024)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors.decode()}")


def lines_of(directory: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in directory.rglob("*") if path.is_file())


def measure_size(types: int, rounds: int, scratch: Path) -> tuple[dict[str, Runs], int, int]:
    """Runs by kind, lines of schema, lines generated."""
    source, out, alone = scratch / f"s{types}", scratch / f"o{types}", scratch / f"a{types}"
    written = schemas(source, types)
    runs = {kind: Runs() for kind in ("full", "alone", "no-op", "check")}
    generate = (sys.executable, "-m", "codegen", "generate", "--schemas", str(source), "--out", str(out))
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(alone, ignore_errors=True)
        measure(runs["full"], *generate)
        measure(runs["alone"], sys.executable, "-c", ALONE, str(out / "schema.json"), str(alone))
        measure(runs["no-op"], *generate)
        measure(runs["check"], *generate, "--check")
    return runs, written, lines_of(out)


def measure_commands(source: Path, scratch: Path) -> dict[str, float | None]:
    """Processor seconds of each command over a copy of the schemas, and of peers."""
    project = scratch / f"p{source.name}"
    shutil.copytree(source, project / "schemas")
    oschema = (sys.executable, "-m", "codegen")
    schemas = ("--schemas", str(project / "schemas"))
    measure(Runs(), *oschema, "fmt", *schemas)
    measure(Runs(), *oschema, "migrate", "plan", *schemas, "--slug", "initial")
    found: dict[str, float | None] = {}
    for name, command in {
        "lint": ("lint", *schemas),
        "fmt": ("fmt", "--check", *schemas),
        "plan": ("migrate", "plan", *schemas),
        "breaking": ("breaking", *schemas, "--against", str(project / "schemas/schema.lock.json")),
    }.items():
        runs = Runs()
        measure(runs, *oschema, *command)
        found[name] = runs.cpu
    return found


def measure_large(megabytes: float) -> None:
    """Print what the commands take over large schemas, and how that grows."""
    rows: dict[str, dict[str, float | None]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for part in (4, 2, 1):
            source = Path(scratch) / f"large{part}"
            script = Path(__file__).with_name("codegen_large.py")
            size = f"{megabytes * 1_000_000 / part:.0f}"
            made = subprocess.run(
                [sys.executable, "-P", script, source, size], capture_output=True, text=True, check=True
            )
            rows[made.stdout.strip()] = measure_commands(source, Path(scratch))
            shutil.rmtree(source)
    print_growth("schemas", rows)


def print_growth(what: str, rows: Mapping[str, Mapping[str, float | None]]) -> None:
    names = list(next(iter(rows.values())))
    print("\nProcessor seconds, and how many times those of the size before:\n")
    print(f"| {what} | {' | '.join(names)} |\n" + "|---" * (len(names) + 1) + "|")
    before: Mapping[str, float | None] = {}
    for size, seconds in rows.items():
        print(f"| {size} | {' | '.join(growth(seconds[name], before.get(name)) for name in names)} |", flush=True)
        before = seconds


def peers(types: int, scratch: Path) -> dict[str, float | None]:
    """Processor seconds of other languages' checks; what could not be had says so on stderr."""
    script = Path(__file__).with_name("codegen_peers.py")
    command = [sys.executable, "-P", str(script), str(types), str(scratch)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float | None] = json.loads(done.stdout)
    return found


def growth(now: float | None, before: float | None) -> str:
    if now is None:
        return "–"
    return f"{now:.2f}" + (f" (×{now / before:.1f})" if before else "")


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--sizes", default="250,500,1000,2000,4000")
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--lint", type=float, metavar="MB", help="large schemas instead")
    options = arguments.parse_args()
    if options.lint:
        measure_large(options.lint)
        return
    print(
        "| types | lines in | lines out | out / in | full s | ms / type | peak MiB | alone s | full / alone | cpu "
        "| no-op s | no-op / full | check s | check / full |"
    )
    print("|---" * 14 + "|")
    commands: dict[str, dict[str, float | None]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for types in map(int, options.sizes.split(",")):
            runs, lines_in, lines_out = measure_size(types, options.rounds, Path(scratch))
            full, alone, idle, check = (runs[kind] for kind in ("full", "alone", "no-op", "check"))
            print(
                f"| {types} | {lines_in} | {lines_out} | {lines_out / lines_in:.1f} | {full.time:.2f} "
                f"| {full.time / types * 1000:.1f} | {full.peak:.0f} | {alone.time:.2f} "
                f"| {full.time / alone.time:.2f} | {full.cpu / alone.cpu:.2f} | {idle.time:.2f} "
                f"| {idle.time / full.time:.3f} | {check.time:.2f} | {check.time / full.time:.3f} |",
                flush=True,
            )
            commands[str(types)] = {
                **measure_commands(Path(scratch) / f"s{types}", Path(scratch)),
                "generate": full.cpu,
                "datamodel-code-generator alone": alone.cpu,
                **peers(types, Path(scratch)),
            }
            shutil.rmtree(Path(scratch) / f"o{types}")
    print_growth("types", commands)


if __name__ == "__main__":
    main()
