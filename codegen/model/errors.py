"""Declared errors and events."""

from codegen.model.casing import snake
from codegen.model.fields import build_fields
from codegen.model.model import RUNTIME_ERRORS, Error, Event
from codegen.model.names import Symbol
from codegen.model.notes import common, read_notes
from codegen.model.types import Space
from codegen.source.catalog_services import CODE_RANGE, CODE_TAKEN, ERROR_FIELD, HTTP_STATUS, SLUG_TAKEN
from codegen.source.diagnostics import Related
from codegen.syntax import tree

DEFAULT_STATUS = 400


def _free(code: int) -> bool:
    return 1000 <= code <= 1399 or 1500 <= code <= 9999


def build_errors(space: Space) -> None:
    """All declared errors; codes and slugs are given once in a program."""
    codes: dict[int, Error] = {}
    slugs: dict[str, Error] = {error.slug: error for error in RUNTIME_ERRORS}
    for symbol in space.names.symbols("error"):
        error = _error(space, symbol)
        space.errors[error.qname] = error
        _check_code(space, symbol, error, codes)
        other = slugs.setdefault(error.slug, error)
        # Names that meet in one module are reported there, and predeclared names where they are declared again.
        if other is not error and other.module not in (error.module, "runtime"):
            space.report.add(
                SLUG_TAKEN,
                error.span,
                slug=error.slug,
                other=other.qname,
                related=[Related(other.span, f"{other.name} is declared here")],
            )
        elif other.module == "runtime" and other.name != error.name:
            space.report.add(SLUG_TAKEN, error.span, slug=error.slug, other=other.qname)


def _error(space: Space, symbol: Symbol) -> Error:
    node = symbol.node
    assert isinstance(node, tree.Error)
    notes = read_notes(space.report, node.brackets, "error")
    fields = build_fields(space, symbol.scope, node.body.fields if node.body else (), "data field")
    for field in fields:
        if field.name == "error":
            space.report.add(ERROR_FIELD, field.span)
    status = node.status.value if node.status else DEFAULT_STATUS
    if node.status and not (isinstance(status, int) and 400 <= status <= 599):
        space.report.add(HTTP_STATUS, node.status.span, status=node.status.text)
    slug = snake(symbol.name)
    return Error(
        name=symbol.name,
        module=symbol.scope.module.name,
        span=symbol.span,
        slug=slug,
        code=int(node.code.value) if node.code else 0,
        status=int(status),
        message=node.message.value if node.message else slug.replace("_", " "),
        fields=fields,
        **common(notes, node.docs),
    )


def _check_code(space: Space, symbol: Symbol, error: Error, codes: dict[int, Error]) -> None:
    assert isinstance(symbol.node, tree.Error)
    node = symbol.node.code
    if node is None:
        return  # the parser has said so
    if not isinstance(node.value, int) or not _free(node.value):
        space.report.add(CODE_RANGE, node.span, code=node.text)
        return
    other = codes.setdefault(node.value, error)
    if other is not error:
        near = next((str(code) for code in range(node.value, 10_000) if _free(code) and code not in codes), None)
        space.report.add(
            CODE_TAKEN,
            node.span,
            code=node.value,
            other=other.name,
            near=near,
            related=[Related(other.span, f"{other.name} is declared here")],
        )


def build_event(space: Space, symbol: Symbol) -> Event:
    node = symbol.node
    assert isinstance(node, tree.Event)
    notes = read_notes(space.report, node.brackets, "event")
    fields = build_fields(space, symbol.scope, node.body.fields, "data field")
    return Event(
        name=symbol.name, module=symbol.scope.module.name, span=symbol.span, fields=fields, **common(notes, node.docs)
    )
