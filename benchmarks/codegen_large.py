"""A large schema as people write them, for `codegen.py`: the product's own schema over and over, under other names.

Each copy is a module of as many files as the product has, with its doc lines, notes, enums, unions, root objects,
services, interfaces and webhooks. All refer to the user of the first one, through an import.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).parents[1] / "schemas/onboarding"
_DECLARED = re.compile(r"^(?:(?:error|service|interface|event) )?([A-Z]\w+)(?= *[=({])", re.MULTILINE)
_CODE = re.compile(r"(?<=^error )(\w+)\(\d+", re.MULTILINE)
_WEBHOOK = re.compile(r'^webhook (\w+)\("/', re.MULTILINE)
_USER = re.compile(r"^/// A person known.*?^\}\n", re.MULTILINE | re.DOTALL)


def write_large(directory: Path, size: int) -> int:
    """Write modules of about `size` bytes in all below `directory`; how many bytes they have."""
    files = {path.name: path.read_text() for path in sorted(PRODUCT.glob("*.oschema"))}
    names = {name for text in files.values() for name in _DECLARED.findall(text)}
    known = re.compile(rf"\b(?:{'|'.join(sorted(names))})\b")
    codes = _codes()
    written = number = 0
    while written < size:
        folder = directory / f"n{number}"
        folder.mkdir(parents=True)
        for file, text in files.items():
            copied = _copy(text, known, number, codes)
            (folder / file).write_text(copied)
            written += len(copied.encode())
        number += 1
    return written


def _codes() -> Iterator[int]:
    """Those that errors of modules may have."""
    yield from range(1000, 1400)
    yield from range(1500, 10000)


def _copy(text: str, known: re.Pattern[str], number: int, codes: Iterator[int]) -> str:
    text = _CODE.sub(lambda match: f"{match[1]}({next(codes)}", text)
    text = _WEBHOOK.sub(rf'webhook n{number}_\1("/n{number}/', text)
    if number:
        text = _USER.sub("", text)
    text = known.sub(lambda match: _renamed(match[0], number), text)
    head, _, rest = text.partition("\n") if text.startswith("module ") else ("", "", text)
    if head:
        head = f'module n{number} "1.0.0"\n'
    imported = 'import "../n0" as first\n' if "first.N0User" in text else ""
    return f"{head}{imported}{rest}"


def _renamed(name: str, number: int) -> str:
    if name == "User" and number:
        return "first.N0User"
    return f"N{number}{name}"


if __name__ == "__main__":
    print(f"{write_large(Path(sys.argv[1]), int(sys.argv[2])) / 1_000_000:.1f} MB")
