"""What a change of schemas does to those who rely on the old ones: a rule with a verdict on each of three surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codegen.source.diagnostics import Rule

Verdict = Literal["ok", "migration", "breaking", "approval"]
Surface = Literal["W", "S", "C"]
SURFACES: tuple[Surface, ...] = ("W", "S", "C")
SURFACE_NAMES: dict[Surface, str] = {"W": "wire", "S": "storage", "C": "source"}
Side = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRule(Rule):
    """One kind of change. `name` is what `--approve` takes.

    `wire`, `storage` and `source` are the verdicts where the change reaches that surface. `side` says whom the wire's
    verdict is about: `in` those who send the type, `out` those who read it; None both. `rows`: the verdict on storage
    depends on what the rows hold. `warns`: worth telling though nothing breaks. `plugins`: the code that breaks is that
    of plugins.
    """

    name: str
    wire: Verdict = "ok"
    storage: Verdict = "ok"
    source: Verdict = "ok"
    side: Side | None = None
    rows: bool = False
    warns: bool = False
    plugins: bool = False

    @property
    def verdicts(self) -> dict[Surface, Verdict]:
        return {"W": self.wire, "S": self.storage, "C": self.source}
