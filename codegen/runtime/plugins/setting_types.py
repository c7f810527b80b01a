"""Types of settings that many plugins have: secrets, keys of which two may be good, base addresses."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr


def _stripped(value: Any) -> Any:
    """Without the blanks around it; None for nothing but blanks."""
    return value.strip() or None if isinstance(value, str) else value


def _keys(value: Any) -> Any:
    """The keys of a list with commas: one, or two during rotation."""
    return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value


def _base_url(url: str | None) -> str | None:
    if url is None:
        return None
    if not url.startswith(("http://", "https://")):
        raise ValueError("begins with http:// or https://")
    return url.rstrip("/")


Secret = Annotated[SecretStr | None, BeforeValidator(_stripped)]
"""A secret, or none."""
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_keys)]
"""Secrets with commas between them: two are good during rotation."""
BaseUrl = Annotated[str | None, AfterValidator(_base_url)]
"""Where a service is, without a slash in the end; or nowhere in particular."""
