"""The file that lists repositories: addresses, and what stands beside them.

repositories:
  - https://git.example/hero_ops/billing-n1.git
  - url: file:///srv/git/hero_ops/billing-n2.git
    branch: usage
  - url: https://git.example/hero_ops/billing-n3.git
    username: reader
    password_file: /run/secrets/git
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

SCHEMES = ("https", "http", "file")


class ListInvalid(Exception):
    """The file cannot be used; the message says where and why, and holds no secret."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"begins with {', '.join(f'{each}://' for each in SCHEMES)}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("holds more than the address; a name and a password have keys of their own")
    if len(_names(url)) < 2:
        raise ValueError("ends with the owner and the name of the repository: …/owner/name.git")
    return url


class Listed(BaseModel):
    """A repository of the list. Its owner and its name are the last two parts of its address."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_address)]
    branch: str = "main"
    username: str = "git"
    password_file: Path | None = None
    """Of the password, or the token, that the server wants."""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        """An address alone is one, too."""
        return {"url": value} if isinstance(value, str) else value

    @property
    def owner(self) -> str:
        return _names(self.url)[-2]

    @property
    def name(self) -> str:
        return _names(self.url)[-1]

    def password(self) -> str:
        """Empty where there is no file of it, or it cannot be read: no server accepts that."""
        try:
            return "" if self.password_file is None else self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""


class RepositoryList(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    repositories: tuple[Listed, ...] = ()


def read(path: Path) -> tuple[Listed, ...]:
    """The repositories that a file lists, each once. Raises `ListInvalid`."""
    try:
        found = RepositoryList.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {}).repositories
    except (OSError, UnicodeDecodeError) as error:
        raise ListInvalid(f"cannot read {path} ({getattr(error, 'strerror', None) or error})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise ListInvalid(f"{path}{where}: this is no YAML") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"]) or "the file"
        raise ListInvalid(f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    names = [(each.owner, each.name) for each in found]
    if twice := sorted({f"{owner}/{name}" for owner, name in names if names.count((owner, name)) > 1}):
        raise ListInvalid(f"{path}: listed twice: {', '.join(twice)}")
    return found


def _names(url: str) -> list[str]:
    return [each for each in urlsplit(url).path.rstrip("/").removesuffix(".git").split("/") if each]
