"""How names are spelt: PascalCase, snake_case, and the way from one to the other."""

import re
from functools import lru_cache

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""No underscore at either end, none doubled: a generated name may add one (`class_`) and never meet another."""
PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """`UsageRecord` → `usage_record`, `HTTPServer` → `http_server`, `VmV2` → `vm_v2`."""
    return _HUMP.sub("_", name).lower()


def constant(value: str) -> str:
    """An enum value as a constant in Python: `in-progress` and `inProgress` → `IN_PROGRESS`, `1st` → `FIELD_1ST`."""
    name = re.sub(r"\W", "_", snake(value)).upper()
    return name if name[:1].isalpha() else f"FIELD_{name.removeprefix('_')}"


def is_snake(name: str) -> bool:
    return SNAKE.fullmatch(name) is not None


def is_pascal(name: str) -> bool:
    return PASCAL.fullmatch(name) is not None


def to_snake(name: str) -> str:
    """The nearest snake_case spelling of any word, for suggestions."""
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", snake(name))).strip("_0123456789") or "name"


def to_pascal(name: str) -> str:
    """The nearest PascalCase spelling of any word, for suggestions."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words).lstrip("0123456789") or "Name"
