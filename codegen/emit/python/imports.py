"""The imports of a generated Python file, gathered while it is written and sorted as ruff sorts them."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from codegen.model.model import Declared

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


Origin = Callable[[Declared], str | None]
"""The module that has the model of a type; None for the file itself."""


def models_door(declared: Declared) -> str:
    return f"~.models.{declared.module}"


class Imports:
    """The imports of one generated file: names are asked for while it is written, lines are read at the end.

    `path` is the file's, below the output directory. `taken` are the names it defines itself. A name that is already
    taken from elsewhere gets an alias, so the answer of `name` is what to write. Modules of the generated package are
    given from its root: `~.models.shop`. Those in `late` lead back to this file: their names are there only when
    everything of this file is, so their imports stand at its end. `origin` says where models come from.
    """

    def __init__(
        self, path: str, taken: Iterable[str] = (), late: Collection[str] = (), origin: Origin = models_door
    ) -> None:
        self._package = path.split("/")[:-1]
        self._local: dict[str, tuple[str, str] | None] = dict.fromkeys(taken)
        self._names: dict[tuple[str, str], str] = {}
        self._modules: set[str] = set()
        self._late = {self._relative(module) for module in late}
        self.origin = origin

    def name(self, module: str, name: str) -> str:
        """Import `name` from `module` and say how to write it here."""
        module = self._relative(module)
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
        module = self._relative(module)
        self._local[local] = (module, name)
        self._names[module, name] = local

    def module(self, module: str) -> str:
        """Import a whole module: `import re`."""
        self._modules.add(module)
        return module

    def _relative(self, module: str) -> str:
        """`~.models.shop` as a file says it: `..models.shop`."""
        if not module.startswith("~."):
            return module
        parts = module.split(".")[1:]
        common = 0
        while common < min(len(parts), len(self._package)) and parts[common] == self._package[common]:
            common += 1
        return "." * (len(self._package) - common + 1) + ".".join(parts[common:])

    def text(self) -> str:
        """The import lines as ruff sorts them, without a newline at the end; empty where nothing is imported."""
        sections: dict[int, list[str]] = {}
        for module in sorted(self._modules):
            sections.setdefault(_section(module), []).append(f"import {module}")
        for module, names in self._by_module(late=False).items():
            sections.setdefault(_section(module), []).extend(from_lines(module, names))
        return "\n\n".join("\n".join(sections[section]) for section in sorted(sections))

    def late_text(self) -> str:
        """The lines for the end of the file."""
        lines = [line for module, names in self._by_module(late=True).items() for line in from_lines(module, names)]
        return "\n".join(f"{line}  # noqa: E402" for line in lines)

    def _by_module(self, *, late: bool) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for (module, name), local in self._names.items():
            if (module in self._late) == late:
                found.setdefault(module, []).append((name, local))
        return {module: found[module] for module in sorted(found, key=module_key)}


def _section(module: str) -> int:
    root = module.partition(".")[0]
    if root == "__future__":
        return 0
    if root in _STANDARD:
        return 1
    if not root:
        return 4
    return 3 if root == _RUNTIME else 2


def module_key(module: str) -> tuple[int, str]:
    """Relative imports: farther ones first, as ruff has it."""
    return (-(len(module) - len(module.lstrip("."))), module)


def _name_key(name: str) -> tuple[int, list[str | int], str]:
    """Constants, then classes, then the rest, as ruff's `order-by-type` has it; numbers in names count as numbers."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return (kind, [int(part) if at % 2 else part.lower() for at, part in enumerate(parts)], name)


def from_lines(module: str, names: Iterable[tuple[str, str]], *, explicit: bool = False) -> list[str]:
    """The lines that import (name, local name) pairs. `explicit`: `A as A`, which passes a name on."""
    sort = sorted(names, key=lambda pair: _name_key(pair[0]))
    plain = [name for name, local in sort if name == local and not explicit]
    lines = [(name, f"{name} as {local}") for name, local in sort if name != local or explicit]
    if plain:
        lines.append((plain[0], ", ".join(plain)))
    return [f"from {module} import {text}" for _, text in sorted(lines, key=lambda line: _name_key(line[0]))]
