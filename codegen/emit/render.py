"""Jinja2 as the emitters use it: strict, no autoescape for code, templates of a kind in its folder."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment(kind: str) -> Environment:
    """The environment of one emitter (`tables`, `clients.python`).

    Undefined names are errors, blocks leave no blank lines behind.
    """
    return Environment(
        loader=PackageLoader(f"codegen.emit.{kind}", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
