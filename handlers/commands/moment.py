"""Times as commands take them: a day or a time of UTC, in the years that a database keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
from pydantic_core import PydanticCustomError

from codegen.runtime.values.types import parse_otime

_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S")


class Moment(click.DateTime):
    """A time in UTC, 1970 to 2106."""

    def __init__(self) -> None:
        super().__init__(_FORMS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        read: datetime = super().convert(value, param, ctx)
        try:
            return parse_otime(read.replace(tzinfo=UTC))
        except PydanticCustomError as error:
            self.fail(error.message(), param, ctx)
