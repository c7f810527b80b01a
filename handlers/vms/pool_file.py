"""Read a file of machines for the pool: CSV with a header, YAML or JSON; pure. What is wrong is told by its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from generated.models.onboarding import ResourceSku

FIELDS = ("name", "address", "sku")
LONGEST_NAME = 80
_SKU: TypeAdapter[str] = TypeAdapter(ResourceSku)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as a file names it, and the line where it stands."""

    line: int
    name: str
    address: str
    sku: str


class PoolFileWrong(Exception):
    """Nothing of the file is taken; `problems` are `line N: …`, in their order."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_machines(data: bytes, kind: str) -> list[Machine]:
    """The machines of a file; `kind` is `csv`, `yaml` or `json`. Raises `PoolFileWrong` with all that is wrong."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PoolFileWrong([f"line {data[: error.start].count(10) + 1}: not UTF-8"]) from None
    rows = list(_csv(text) if kind == "csv" else _tree(text, kind))
    problems: list[tuple[int, str]] = []
    machines: list[Machine] = []
    for line, row in rows:
        wrong = list(_wrong(row))
        problems += [(line, each) for each in wrong]
        if not wrong:
            machines.append(Machine(line, row["name"], overlay_address(row["address"]), row["sku"]))
    problems += _twice(machines)
    if problems:
        raise PoolFileWrong([f"line {line}: {message}" for line, message in sorted(problems)])
    return machines


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if sorted(header) != sorted(FIELDS):
            raise PoolFileWrong([f"line 1: the columns are {', '.join(FIELDS)}, not {', '.join(header) or 'none'}"])
        start = reader.line_num + 1
        for row in reader:
            line, start = start, reader.line_num + 1
            if any(cell.strip() for cell in row):
                cells = [cell.strip() for cell in row]
                yield line, dict(zip(header, cells, strict=False)) | ({"": "more"} if len(cells) > len(header) else {})
    except csv.Error as error:
        raise PoolFileWrong([f"line {reader.line_num}: {error}"]) from None


def _tree(text: str, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        if kind == "json":
            json.loads(text)
            text = text.replace("\t", " ")  # between tokens, where YAML knows only spaces
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except json.JSONDecodeError as error:
        raise PoolFileWrong([f"line {error.lineno}: {error.msg}"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PoolFileWrong([f"line {line}: {error.problem}"]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise PoolFileWrong([f"line 1: it cannot be read: {type(error).__name__}"]) from None
    if root is None:
        return
    if not isinstance(root, yaml.SequenceNode):
        raise PoolFileWrong([f"line {root.start_mark.line + 1}: a list of machines is expected"])
    for node in root.value:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            yield line, {"": "no machine"}
            continue
        yield (
            line,
            {str(key.value): value.value if isinstance(value, yaml.ScalarNode) else None for key, value in node.value},
        )


def _wrong(row: dict[str, Any]) -> Iterator[str]:
    for name in row.keys() - set(FIELDS):
        yield f"a machine has {', '.join(FIELDS)}" + (f", not {name!r}" if name else "")
    for name in FIELDS:
        value = row.get(name)
        if not value or not isinstance(value, str):
            yield f"{name} is missing"
        elif name == "name" and (len(value) > LONGEST_NAME or not value.isprintable()):
            yield f"name has 1 to {LONGEST_NAME} printable signs"
        elif name == "address" and not _is_address(value):
            yield f"{value[:64]!r} is no IPv6 address"
        elif name == "sku" and not _is_sku(value):
            yield f"{value[:64]!r} is no name of a size"


def _twice(machines: list[Machine]) -> Iterator[tuple[int, str]]:
    for field in ("name", "address"):
        seen: dict[str, int] = {}
        for machine in machines:
            value = getattr(machine, field)
            if value in seen:
                yield machine.line, f"the {field} {value} stands in line {seen[value]} already"
            seen.setdefault(value, machine.line)


def overlay_address(text: str) -> str:
    """An address in its one spelling, by which it is known again. Raises `ValueError` for what is none."""
    address = IPv6Address(text)
    if address.scope_id is not None:
        raise ValueError("an address in the overlay has no zone")
    return address.compressed


def _is_address(text: str) -> bool:
    try:
        return bool(overlay_address(text))
    except ValueError:
        return False


def _is_sku(text: str) -> bool:
    try:
        _SKU.validate_python(text)
    except ValidationError:
        return False
    return True
