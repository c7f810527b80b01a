"""All settings, read once from the environment: `HERO_ONBOARDING_<NAME>`, vendors' secrets by their usual names.

A variable `<NAME>_FILE` names a file that holds the value instead; both at once are an error. Empty variables count
as unset.
"""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.identity.origin import origin_of
from handlers.identity.peer import Network, networks

PREFIX = "HERO_ONBOARDING_"
STRIPE_BASE_URL = "https://api.stripe.com"
CLICKPESA_BASE_URL = "https://api.clickpesa.com/third-parties"
IDENFY_BASE_URL = "https://ivs.idenfy.com"
SANDBOX_STRIPE_SECRET_KEY, SANDBOX_STRIPE_SIGNING_KEY = "sk_test_sandbox", "whsec_sandbox"
"""The keys that the sandbox publishes; worth nothing anywhere else."""


def _without_slash(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("begins with http:// or https://")
    return url.rstrip("/")


def _networks(value: Any) -> Any:
    return networks(value) if isinstance(value, str) else value


Origin = Annotated[str, AfterValidator(origin_of)]
BaseUrl = Annotated[str, AfterValidator(_without_slash)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Port = Annotated[int, Field(ge=1, le=65535)]
Cents = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[int, Field(ge=1)]


def vendor(name: str) -> Any:
    """A secret that keeps the name its vendor gives it; None where it is not set."""
    return Field(default=None, validation_alias=name)


class Settings(BaseSettings):
    """What the processes are told from outside. `__repr__` shows no secret."""

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
    """Where it is set, base URLs that are not given point into it."""
    stripe_base_url: BaseUrl = STRIPE_BASE_URL
    clickpesa_base_url: BaseUrl = CLICKPESA_BASE_URL
    idenfy_base_url: BaseUrl = IDENFY_BASE_URL
    forge_url: BaseUrl | None = None
    forge_owner: str = "hero_ops"
    mycelium_api_url: BaseUrl = "http://127.0.0.1:8989"

    node_repos: Path | None = None
    prices: Path | None = None
    """Price book; the shipped one where none is given."""
    plans_json: str | None = None
    """The plans on offer; `vm5` and `vm10` where none are given."""

    top_up_min_cents: Cents = 500
    top_up_max_cents: Cents = 100_000
    kyc_free_cap_cents: Cents = 10_000
    """Top-ups in all that are taken before KYC."""
    debt_limit_cents: Cents = 500
    """How far below zero a balance may go before services are suspended."""
    rate_limits: bool = True
    trusted_proxies: Networks = ()
    """Proxies in front of the site, whose `X-Forwarded-For` is believed."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    max_batch: Annotated[int, Field(ge=1)] = 100

    push_cron_interval_ms: Milliseconds = 3_600_000
    aggregate_cron_interval_ms: Milliseconds = 300_000
    discount_ladder_cron_interval_ms: Milliseconds = 86_400_000

    stripe_sandbox_publishable_key: str | None = vendor("STRIPE_SANDBOX_PUBLISHABLE_KEY")
    stripe_sandbox_secret_key: SecretStr | None = vendor("STRIPE_SANDBOX_SECRET_KEY")
    stripe_live_publishable_key: str | None = vendor("STRIPE_LIVE_PUBLISHABLE_KEY")
    stripe_live_secret_key: SecretStr | None = vendor("STRIPE_LIVE_SECRET_KEY")
    stripe_webhook_signing_key: SecretStr | None = vendor("STRIPE_WEBHOOK_SIGNING_KEY")
    """One, or two with a comma during rotation; so are the other signing keys."""
    clickpesa_client_id: str | None = vendor("CLICKPESA_CLIENT_ID")
    clickpesa_api_key: SecretStr | None = vendor("CLICKPESA_API_KEY")
    clickpesa_checksum_key: SecretStr | None = vendor("CLICKPESA_CHECKSUM_KEY")
    idenfy_api_key: SecretStr | None = vendor("IDENFY_API_KEY")
    idenfy_api_secret: SecretStr | None = vendor("IDENFY_API_SECRET")
    idenfy_webhook_signing_key: SecretStr | None = vendor("IDENFY_WEBHOOK_SIGNING_KEY")
    forge_token: SecretStr | None = vendor("FORGE_TOKEN")

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
        if sandbox := values.get("sandbox_url"):
            for name in ("stripe", "clickpesa", "idenfy"):
                values.setdefault(f"{name}_base_url", f"{str(sandbox).rstrip('/')}/{name}")
            values.setdefault("forge_url", f"{str(sandbox).rstrip('/')}/forge")
        return values

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        if self.top_up_min_cents > self.top_up_max_cents:
            raise ValueError(f"{PREFIX}TOP_UP_MIN_CENTS is above {PREFIX}TOP_UP_MAX_CENTS")
        return self

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        alias = cls.model_fields[field].validation_alias
        return alias if isinstance(alias, str) else PREFIX + field.upper()


class SettingsInvalid(Exception):
    """Settings cannot be used; `problems` name the variables, and no secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load_settings(**given: Any) -> Settings:
    """The settings of this process; `given` fields win over the environment. Raises `SettingsInvalid`."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsInvalid([_problem(detail["loc"], detail["msg"]) for detail in error.errors()]) from None
    except ValueError as error:
        raise SettingsInvalid([str(error)]) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    if not location:
        return message
    name = str(location[0])
    return f"{Settings.variable(name) if name in Settings.model_fields else name}: {message}"


class FileVariables(PydanticBaseSettingsSource):
    """Reads `<NAME>_FILE`: the named file's text, without its last line end."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        alias = field.validation_alias
        name = alias if isinstance(alias, str) else PREFIX + field_name.upper()
        path = os.environ.get(f"{name}_FILE")
        if not path:
            return None, field_name, False
        if os.environ.get(name):
            raise ValueError(f"both {name} and {name}_FILE are set")
        try:
            value = Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}_FILE: cannot read {path} ({getattr(error, 'strerror', None) or error})") from None
        return value, alias if isinstance(alias, str) else field_name, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value}
