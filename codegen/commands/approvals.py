"""Changes that somebody wants although they break: by `--approve`, and in `schemas/approvals.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

FILE = "approvals.yaml"


class Approval(BaseModel):
    """`change` is `RULE:Type.member`; `reason` says who wants it and why."""

    model_config = ConfigDict(extra="forbid", str_min_length=1)

    change: str
    reason: str
    date: date


@dataclass(frozen=True, slots=True)
class Approvals:
    """The reason of each approved change."""

    reasons: Mapping[str, str]

    def reason(self, rule: str, subject: str, module: str | None) -> str | None:
        """Why a change is approved; its subject may be given with its module. None where it is not approved."""
        names = [f"{rule}:{subject}", f"{rule}:{module}.{subject}"]
        return next((self.reasons[name] for name in names if name in self.reasons), None)


def read_approvals(schemas: Path, given: Iterable[str]) -> Approvals:
    """Those of the file beside the schemas, and those of the command line."""
    kept = {approval.change: approval.reason for approval in _read(schemas / FILE)}
    for change in given:
        if ":" not in change:
            raise click.UsageError(f"--approve takes RULE:Type.member, not {change!r}")
    return Approvals({**kept, **dict.fromkeys(given, "--approve")})


def _read(path: Path) -> list[Approval]:
    if not path.is_file():
        return []
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[Approval]).validate_python(found or [])
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{path.as_posix()} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise click.ClickException(
            f"{path.as_posix()}: {where}: {first['msg']}; write a list of {{change: RULE:Type.member, reason, date}}"
        ) from None
