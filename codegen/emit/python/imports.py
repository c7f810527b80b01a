"""The imports of a generated Python file, gathered while it is written and sorted as ruff sorts them."""

import re
from collections.abc import Iterable

_STANDARD = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "builtins",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "json",
        "math",
        "os",
        "pathlib",
        "re",
        "sys",
        "time",
        "typing",
        "uuid",
    }
)
_RUNTIME = "codegen"
"""The package of the runtime; its imports stand in a section of their own."""


class Imports:
    """The imports of one generated file: names are asked for while it is written, lines are read at the end.

    `taken` are the names the file defines itself. A name that is already taken from elsewhere gets an alias, so the
    answer of `name` is what to write.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._local: dict[str, tuple[str, str] | None] = dict.fromkeys(taken)
        self._names: dict[tuple[str, str], str] = {}
        self._modules: set[str] = set()

    def name(self, module: str, name: str) -> str:
        """Import `name` from `module` (`..models.shop` for a sibling package) and say how to write it here."""
        key = (module, name)
        if key not in self._names:
            local = name
            if local in self._local:
                origin = module.strip(".").rpartition(".")[2]
                local = origin.title().replace("_", "") + name if name[:1].isupper() else f"{origin}_{name}"
                while local in self._local:
                    local += "_"
            self._local[local] = key
            self._names[key] = local
        return self._names[key]

    def bind(self, module: str, name: str, local: str) -> None:
        """Import `name` from `module` under the name that the file already uses for it."""
        self._local[local] = (module, name)
        self._names[module, name] = local

    def module(self, module: str) -> str:
        """Import a whole module: `import re`."""
        self._modules.add(module)
        return module

    def text(self) -> str:
        """The import lines as ruff sorts them, without a newline at the end; empty where nothing is imported."""
        sections: dict[int, list[str]] = {}
        for module in sorted(self._modules):
            sections.setdefault(_section(module), []).append(f"import {module}")
        by_module: dict[str, list[tuple[str, str]]] = {}
        for (module, name), local in self._names.items():
            by_module.setdefault(module, []).append((name, local))
        for module in sorted(by_module, key=_module_key):
            sections.setdefault(_section(module), []).extend(_from_lines(module, by_module[module]))
        return "\n\n".join("\n".join(sections[section]) for section in sorted(sections))


def _section(module: str) -> int:
    root = module.partition(".")[0]
    if root == "__future__":
        return 0
    if root in _STANDARD:
        return 1
    if not root:
        return 4
    return 3 if root == _RUNTIME else 2


def _module_key(module: str) -> tuple[int, str]:
    """Relative imports: farther ones first, as ruff has it."""
    return (-(len(module) - len(module.lstrip("."))), module)


def _name_key(name: str) -> tuple[int, list[str | int], str]:
    """Constants, then classes, then the rest, as ruff's `order-by-type` has it; numbers in names count as numbers."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return (kind, [int(part) if at % 2 else part.lower() for at, part in enumerate(parts)], name)


def _from_lines(module: str, names: list[tuple[str, str]]) -> list[str]:
    parts = [
        name if name == local else f"{name} as {local}"
        for name, local in sorted(names, key=lambda pair: _name_key(pair[0]))
    ]
    plain = [part for part in parts if " as " not in part]
    lines = [f"from {module} import {part}" for part in parts if " as " in part]
    if plain:
        line = f"from {module} import {', '.join(plain)}"
        if len(line) > 120:
            line = f"from {module} import (\n" + "".join(f"    {part},\n" for part in plain) + ")"
        lines.append(line)
        lines.sort(key=lambda text: _name_key(text.partition(" import ")[2].lstrip("(\n ").split(" ")[0].rstrip(",")))
    return lines
