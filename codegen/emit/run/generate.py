"""Generate: run the emitters over a program, compare with the output directory, and write what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path, PurePosixPath

from codegen.emit.calls.param_forms import with_param_forms
from codegen.emit.header import COMMAND, header, naming
from codegen.emit.output import KINDS, Integers
from codegen.emit.run.aside import emit_aside, processors
from codegen.emit.run.formatting import formatted
from codegen.emit.run.freshness import Difference, Wanted
from codegen.emit.run.manifest import NAME, Manifest
from codegen.model.model import Program
from codegen.source.collector import collector_off
from codegen.source.writing import replace_file, sweep

PACKAGES = "packages"
"""The kind of `__init__.py` files and of the marker below."""
TYPED = "py.typed"
"""Tells type checkers that a package has types (PEP 561)."""

_LONG = ("models",)
"""Kinds that take as long as all others together; each is written in a process of its own, as processors allow."""


def emit_kinds(
    program: Program, kinds: Collection[str], command: str = COMMAND, integers: Integers = "bigint"
) -> dict[str, Wanted]:
    """Every file of these kinds by its path below the output directory, and the `__init__.py` of their packages.

    `command` is what the files say to run instead of editing them, `integers` what whole numbers of 64 bits are in
    TypeScript.

    Raises ValueError where two emitters claim one path.
    """
    program = with_param_forms(program)
    chosen = [kind for kind in KINDS if kind in kinds]
    with collector_off():
        aside = [kind for kind in _LONG if kind in chosen and len(chosen) > 1][: processors() - 1]
        pending = {kind: emit_aside(kind, program) for kind in aside}
        options: dict[str, dict[str, object]] = {"clients": {"integers": integers}}
        outputs = {
            kind: list(import_module(KINDS[kind]).emit(program, **options.get(kind, {})))
            for kind in chosen
            if kind not in pending
        }
        outputs.update((kind, result()) for kind, result in pending.items())
    texts: dict[str, str] = {}
    kind_of: dict[str, str] = {}
    for kind in chosen:
        for output in outputs[kind]:
            if output.path in texts:
                raise ValueError(f"two emitters write {output.path}: {kind_of[output.path]} and {kind}")
            texts[output.path], kind_of[output.path] = naming(command, output.text), kind
    for path, text in _packages(program, texts).items():
        texts[path], kind_of[path] = naming(command, text), PACKAGES
    texts |= formatted({path: text for path, text in texts.items() if path.endswith(".py")})
    return {path: Wanted(kind_of[path], text.encode()) for path, text in texts.items()}


def _packages(program: Program, paths: Collection[str]) -> dict[str, str]:
    """An `__init__.py` for each directory with Python files that brings none, and for those above it; `py.typed`."""
    first_line = header(file for module in program.modules for file in module.files)
    packages: dict[str, str] = {}
    for path in paths:
        if path.endswith(".py"):
            for directory in PurePosixPath(path).parents:
                package = (directory / "__init__.py").as_posix()
                if package not in paths and package not in packages:
                    what = f"Generated {directory.name}" if directory.name else "What the schemas say, generated"
                    packages[package] = f'{first_line}\n"""{what}."""\n'
    if packages:
        packages[TYPED] = ""
    return packages


def write(
    out: Path,
    wanted: Mapping[str, Wanted],
    differences: list[Difference],
    manifests: tuple[Manifest, Manifest],
    command: str = COMMAND,
) -> None:
    """Make the output directory as wanted: write what differs, remove what is in the old manifest only.

    Each file is replaced in one step. `manifests` are the old and the new one. Before the first file is touched the
    manifest knows both states of each, so that whatever an interrupted run leaves is known for ours by the next.
    Raises OSError where a file cannot be written.
    """
    old, new = manifests
    sweep(out)
    touched = [difference for difference in differences if difference.path != NAME]
    if touched:
        _replace(out / NAME, old.under_way_to(new).text(command).encode())
    for difference in touched:
        if difference.path in wanted:
            _replace(out / difference.path, wanted[difference.path].data)
        else:
            _remove(out, out / difference.path)
    text = new.text(command).encode()
    path = out / NAME
    if not path.exists() or path.read_bytes() != text:
        _replace(path, text)


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)


def _remove(out: Path, path: Path) -> None:
    """Remove a file, and the directories that it leaves empty."""
    path.unlink(missing_ok=True)
    for directory in path.parents:
        if directory == out:
            return
        with suppress(OSError):  # not empty
            directory.rmdir()
            continue
        return
