"""The base of generated models: unknown fields are errors, and sensitive values stay out of what is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

REDACTED = "***"


class Struct(BaseModel):
    """A struct of a schema. JSON has the schema's field names; Python may use those or the attributes' own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True, protected_namespaces=())

    @classmethod
    def trusted(cls, values: Mapping[str, Any]) -> Self:
        """The struct of values by the schema's names that are valid as they are: nothing is checked."""
        if "cls" not in values:
            return cls.model_construct(**values)
        made = cls.model_construct(**{name: value for name, value in values.items() if name != "cls"})
        held = {**made.__dict__, "cls": values["cls"]}  # as an argument it would meet the class itself
        object.__setattr__(made, "__dict__", {name: held[name] for name in cls.model_fields if name in held})
        made.__pydantic_fields_set__.add("cls")
        return made

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            yield name, REDACTED if name in fields and is_sensitive(fields[name]) else value


def is_sensitive(field: FieldInfo) -> bool:
    """Whether the schema says so of a field."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("x-sensitive") is True
