"""What plugins are told: settings read from environment variables, what is missing of them, what is wrong with them.

The model of a plugin's settings (`Metadata.settings`) says where each field comes from: its `validation_alias` is the
name of the variable, for the usual names of a vendor's secrets; any other field is `<PREFIX><FIELD>`, where the program
gives the prefix. `<NAME>_FILE` names a file that holds the value instead.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

M = TypeVar("M", bound=BaseModel)

Fault = Literal["missing", "weak", "sandbox", "contradictory"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a field of settings. `contradictory` is wrong anywhere, the others before real use."""

    fault: Fault
    field: str
    message: str


class PluginSettings(BaseModel):
    """A base for settings of plugins that have more to say of them than their types do; secrets stay out of sight."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)

    def missing(self) -> Iterable[str]:
        """Fields without which the plugin cannot work, and which are not given."""
        return ()

    def findings(self) -> Iterable[Finding]:
        """What must be mended before real use. No message holds a secret."""
        return ()


UNUSABLE = "the plugin is installed, and cannot be used without it"


class SettingsMissing(Exception):
    """A plugin was not told what it needs. `variables` are the names of what is missing."""

    def __init__(self, variables: Iterable[str]) -> None:
        self.variables = tuple(variables)
        super().__init__(f"not set: {', '.join(self.variables)}")


class SettingsWrong(Exception):
    """A plugin was told what cannot be. `problems` are pairs of a variable and what is wrong, without its value."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{variable}: {message}" for variable, message in self.problems))


def variable(model: type[BaseModel], field: str, prefix: str) -> str:
    """The environment variable of a field."""
    alias = model.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{prefix}{field}".upper().replace("-", "_")


def told(name: str) -> str | None:
    """The value of an environment variable, or the text of the file that `<name>_FILE` names; None for neither.

    A file's last line end is no part of it. Raises `SettingsWrong` for both at once, or a file that cannot be read.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if not path:
        return value or None
    if value:
        raise SettingsWrong([(name, f"both {name} and {name}_FILE are set")])
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r") or None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsWrong([(f"{name}_FILE", f"cannot read {path} ({reason})")]) from None


def read(model: type[M], prefix: str, given: Mapping[str, Any]) -> M:
    """Settings that a plugin can work with. `given` are variables that the program itself has read.

    Raises `SettingsMissing`, `SettingsWrong`.
    """
    made = _parsed(model, prefix, given)
    if isinstance(made, PluginSettings):
        if absent := [variable(model, field, prefix) for field in made.missing()]:
            raise SettingsMissing(absent)
        wrong = [found for found in made.findings() if found.fault == "contradictory"]
        if wrong:
            raise SettingsWrong([(variable(model, found.field, prefix), found.message) for found in wrong])
    return made


def review(model: type[BaseModel], prefix: str, given: Mapping[str, Any]) -> list[tuple[Fault, str, str]]:
    """All that must be mended before real use: fault, variable, message."""
    try:
        made = _parsed(model, prefix, given)
    except SettingsMissing as error:
        return [("missing", name, UNUSABLE) for name in error.variables]
    except SettingsWrong as error:
        return [("contradictory", name, message) for name, message in error.problems]
    if not isinstance(made, PluginSettings):
        return []
    absent: list[tuple[Fault, str, str]] = [
        ("missing", variable(model, field, prefix), UNUSABLE) for field in made.missing()
    ]
    found = [(each.fault, variable(model, each.field, prefix), each.message) for each in made.findings()]
    named = {name for _, name, _ in found}
    of_text = {variable(model, field, prefix): fault for field, fault in _faults_of_secrets(made)}
    found += [(fault, name, message) for name, (fault, message) in of_text.items() if name not in named]
    told_already = {(fault, name) for fault, name, _ in found}
    return [each for each in absent if each[:2] not in told_already] + found


MALFORMED = "holds a blank, a quote around it, or what is not ASCII: no key does, so it was not copied well"
GUESSABLE = "too few different characters: it could be guessed"
ENOUGH = 8
"""Different characters of a secret that nobody guesses; of a short one, half of all."""
_KEY = re.compile(r"""(?!["'`])[!-~]*(?<!["'`])""")


def well_formed(secret: SecretStr) -> bool:
    """Whether a secret looks like one: printable ASCII without blanks, and without quotes around it."""
    return _KEY.fullmatch(secret.get_secret_value()) is not None


def _guessable(secret: SecretStr) -> bool:
    value = secret.get_secret_value()
    return len(set(value)) < min(ENOUGH, (len(value) + 1) // 2)


def _faults_of_secrets(made: BaseModel) -> Iterator[tuple[str, tuple[Fault, str]]]:
    """Fields with a secret whose text alone shows that it is none, and why."""
    for field in type(made).model_fields:
        value = getattr(made, field)
        secrets = [each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, SecretStr)]
        if not all(map(well_formed, secrets)):
            yield field, ("contradictory", MALFORMED)
        elif any(map(_guessable, secrets)):
            yield field, ("weak", GUESSABLE)


def _parsed(model: type[M], prefix: str, given: Mapping[str, Any]) -> M:
    """What the environment says, each value of its type."""
    values: dict[str, Any] = {}
    fields: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for field, info in model.model_fields.items():
        name = variable(model, field, prefix)
        key = info.validation_alias if isinstance(info.validation_alias, str) else field
        fields[key] = name
        try:
            value = given[name] if name in given else told(name)
        except SettingsWrong as error:
            wrong.extend(error.problems)
        else:
            if value is not None:
                values[key] = value
    if wrong:
        raise SettingsWrong(wrong)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        named = [(fields[str(each["loc"][0])] if each["loc"] else prefix.rstrip("_"), each) for each in details]
        if missing := [name for name, each in named if each["type"] == "missing"]:
            raise SettingsMissing(missing) from None
        raise SettingsWrong([(name, each["msg"].removeprefix("Value error, ")) for name, each in named]) from None
