"""The base of generated models: unknown fields are errors, and sensitive values stay out of what is printed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

REDACTED = "***"


class Struct(BaseModel):
    """A struct of a schema. JSON has the schema's field names; Python may use those or the attributes' own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True, protected_namespaces=())

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            extra = fields[name].json_schema_extra if name in fields else None
            sensitive = isinstance(extra, dict) and extra.get("x-sensitive") is True
            yield name, REDACTED if sensitive else value
