"""Settings, read once from the environment: `HERO_ONBOARDING_<NAME>`; here the common ones, each domain adds its own.

A variable `<NAME>_FILE` names a file that holds the value instead; both at once are an error. Empty variables count
as unset.
"""

import os
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from codegen.runtime.plugins.settings import SettingsWrong, told
from handlers.origin import origin_of

PREFIX = "HERO_ONBOARDING_"


def _without_slash(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("begins with http:// or https://")
    return url.rstrip("/")


Origin = Annotated[str, AfterValidator(origin_of)]
BaseUrl = Annotated[str, AfterValidator(_without_slash)]
Port = Annotated[int, Field(ge=1, le=65535)]
Cents = Annotated[int, Field(ge=0)]


class Settings(BaseSettings):
    """What every process is told from outside; domains inherit from it. `__repr__` shows no secret."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: Port = 9920
    admin_host: str = "127.0.0.1"
    admin_port: Port = 9921
    public_url: Origin = "http://127.0.0.1:9920"
    """Origin in login challenges, return URLs and cookies."""
    var_dir: Path = Path("var")
    database_url: Annotated[str, Field(repr=False)] = ""
    """Where none is given: `hero-onboarding.db` in `var_dir`. May hold a password."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Web processes; where none is given 1 on SQLite, one per core on PostgreSQL."""
    admin_secret: SecretStr | None = None

    sandbox_url: BaseUrl | None = None
    """Where it is set, vendors' base URLs that are not given point into it."""
    rate_limits: bool = True
    test_clock: Path | None = None
    """A file with a time that takes the place of the machine's, and goes on from when it was written: for tests."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    max_batch: Annotated[int, Field(ge=1)] = 100

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileVariables(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in the defaults that depend on other settings."""
        values = dict(values)
        values.setdefault("database_url", f"sqlite:///{values.get('var_dir', 'var')}/hero-onboarding.db")
        if not values.get("workers"):
            values["workers"] = (os.cpu_count() or 1) if str(values["database_url"]).startswith("postgres") else 1
        return values

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        alias = cls.model_fields[field].validation_alias
        return alias if isinstance(alias, str) else PREFIX + field.upper()


S = TypeVar("S", bound=Settings)


class SettingsInvalid(Exception):
    """Settings cannot be used; `problems` name the variables, and no secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load(kind: type[S], **given: Any) -> S:
    """Settings of a kind; `given` fields win over the environment. Raises `SettingsInvalid`."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise SettingsInvalid([_problem(kind, detail["loc"], detail["msg"]) for detail in error.errors()]) from None
    except ValueError as error:
        raise SettingsInvalid([str(error)]) from None


def _problem(kind: type[Settings], location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    if not location:
        return message
    name = str(location[0])
    return f"{kind.variable(name) if name in kind.model_fields else name}: {message}"


class FileVariables(PydanticBaseSettingsSource):
    """Reads `<NAME>_FILE`: the named file's text, without its last line end."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        alias = field.validation_alias
        name = alias if isinstance(alias, str) else PREFIX + field_name.upper()
        if not os.environ.get(f"{name}_FILE"):
            return None, field_name, False
        try:
            return told(name), alias if isinstance(alias, str) else field_name, False
        except SettingsWrong as error:
            raise ValueError(str(error)) from None

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value}
