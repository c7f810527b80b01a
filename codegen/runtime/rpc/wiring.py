"""Handlers are matched with the generated interfaces by type, once, at start; what does not fit names its schema line.

A handler is an object, or a class that is made without arguments. What it serves is said in one of two ways:

- its class inherits a generated interface (`class Plans(BillingService)`): it has every method, or Python refuses to
  make the object;
- its class is marked `@serves(BillingService)`: it has some of the methods. Each public method must be one of the
  interface's, so that a misspelt one is found; helpers begin with `_`. Methods that no handler has are not routed.

Several handlers may share a service, but only one may have a method. A webhook is an interface with one method.

A method runs inside a transaction of its call (a reading one where it is `@safe`), and from the start again when that
met another one: it has no effect outside the database, or is marked `@own_transactions`. Webhooks always begin theirs.
What waits for other programs is `@own_transactions` or marked `@runs(Place.SLOW)`, what computes for long
`@runs(Place.LONG)`; a `@safe` method that reads a row or two may be marked `@runs(Place.SHORT)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic_core import SchemaSerializer, SchemaValidator
from typing_extensions import TypeAliasType

from codegen.runtime.context import Context, Scope
from codegen.runtime.errors import Busy, DeclaredError, Forbidden, RateLimited, Unauthorized
from codegen.runtime.rpc.method import Method, Place, Transaction, place_of
from codegen.runtime.start import CannotStart
from codegen.runtime.values.adapters import adapter
from codegen.runtime.values.input_names import reading_old

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


class UndeclaredError(Exception):
    """A handler raised an error that its schema does not declare; seen only where results are validated too."""


class WiringError(CannotStart):
    """Handlers that do not fit. `problems` has a line each, beginning with the schema's `file:line`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMethod:
    """A method of a service as its schema declares it; `routes/<module>.py` has one for each.

    `function` is its name in the interface `service`, `name` the one on the wire. `params` is a TypedDict whose keys
    are the handler's parameters; `old_names` gives the present name of each that one had before; `clocked` names those
    of them that are the present time where they are left out, each with its kind (`otime`, `datetime`, `date`).
    `source` is the place in the schema, `path:line`.
    """

    service: type
    function: str
    name: str
    aliases: tuple[str, ...] = ()
    params: Any
    param_names: tuple[str, ...] = ()
    old_names: Mapping[str, str] = field(default_factory=dict)
    clocked: tuple[tuple[str, str], ...] = ()
    result: Any = None
    auth: Scope
    safe: bool = False
    idempotent: str | None = None
    audit: bool = False
    errors: tuple[type[Exception], ...] = ()
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRoute:
    """A webhook as its schema declares it: `interface` has one method, `receive(context, *, body, headers)`."""

    interface: type
    name: str
    path: str
    result: Any = None
    errors: tuple[type[Exception], ...] = ()
    source: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook with its handler. `call(context, body, headers)` gives the answer's body as JSON."""

    name: str
    path: str
    call: Callable[[Context, bytes, Mapping[str, str]], bytes]


def serves(*interfaces: type) -> Callable[[C], C]:
    """Class decorator: its objects serve some of the methods of these interfaces."""

    def mark(kind: C) -> C:
        kind.__serves__ = interfaces  # type: ignore[attr-defined]
        return kind

    return mark


def own_transactions(function: F) -> F:
    """Decorator of a handler's method that begins its transactions itself, because it also waits for others."""
    function.__own_transactions__ = True  # type: ignore[attr-defined]
    return function


def bind(
    handlers: Iterable[object],
    services: Iterable[ServiceMethod],
    webhooks: Iterable[WebhookRoute] = (),
    *,
    validate_results: bool = False,
    complete: bool = False,
) -> tuple[list[Method], list[Webhook]]:
    """The methods and webhooks that have a handler. Raises `WiringError` with everything that does not fit.

    With `validate_results` (tests, development) a result that breaks its type, and an error that is not declared, are
    faults of the call; without, handlers are trusted. With `complete` each method and webhook must have a handler.
    """
    services, webhooks = list(services), list(webhooks)
    problems: list[str] = []
    handlers = [made for handler in handlers if (made := _made(handler, services, webhooks, problems)) is not None]
    if problems:
        raise WiringError(problems)
    known = {method.service for method in services} | {route.interface for route in webhooks}
    problems += [problem for handler in handlers for problem in _strangers(handler, known, services)]
    problems += unserved(handlers, services, webhooks) if complete else []
    methods: list[Method] = []
    for declared in services:
        handler = _only(handlers, declared.service, declared.function, declared.source, problems)
        if handler is not None:
            methods.append(_method(declared, handler, validate_results))
    hooks: list[Webhook] = []
    for route in webhooks:
        handler = _only(handlers, route.interface, "receive", route.source, problems)
        if handler is not None:
            hooks.append(_webhook(route, handler, validate_results))
    if problems:
        raise WiringError(problems)
    return methods, hooks


# --- what fits --------------------------------------------------------------------------------------------------


def _made(
    handler: object, services: list[ServiceMethod], webhooks: list[WebhookRoute], problems: list[str]
) -> object | None:
    """The handler; the object of a class. None for a class that lacks methods, each of which is a problem."""
    if not isinstance(handler, type):
        return handler
    lacking: Collection[str] = getattr(handler, "__abstractmethods__", ())
    if not lacking:
        made: object = handler()
        return made
    problems.extend(
        f"{source}: {interface.__name__}.{function} is missing in {_title(handler)}"
        for interface, function, source in _declared(services, webhooks)
        if function in lacking and issubclass(handler, interface)
    )
    return None


def _declared(services: Iterable[ServiceMethod], webhooks: Iterable[WebhookRoute]) -> Iterator[tuple[type, str, str]]:
    """Interface, function and place in the schema of all that can be served."""
    yield from ((method.service, method.function, method.source) for method in services)
    yield from ((route.interface, "receive", route.source) for route in webhooks)


def unserved(
    handlers: Iterable[object], services: Iterable[ServiceMethod], webhooks: Iterable[WebhookRoute] = ()
) -> list[str]:
    """What is declared and has no handler, a line each, beginning with the schema's `file:line`."""
    handlers = list(handlers)
    return [
        f"{source}: {interface.__name__}.{function} has no handler"
        for interface, function, source in _declared(services, webhooks)
        if not any(_has(handler, interface, function) for handler in handlers)
    ]


def _has(handler: object, interface: type, function: str) -> bool:
    return isinstance(handler, interface) or (interface in _partly(handler) and hasattr(handler, function))


def _partly(handler: object) -> tuple[type, ...]:
    found: tuple[type, ...] = getattr(type(handler), "__serves__", ())
    return found


def _title(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _strangers(handler: object, known: set[type], services: list[ServiceMethod]) -> list[str]:
    """A handler that serves nothing of this program, and public methods that the interfaces it serves have not."""
    kind = type(handler)
    served = [interface for interface in known if isinstance(handler, interface) or interface in _partly(handler)]
    problems = [
        f"{_title(kind)} serves {_title(other)}, which no schema declares"
        for other in _partly(handler)
        if other not in known
    ]
    if not served and not problems:
        return [f"{_title(kind)} serves no interface: inherit one, or mark the class with @serves(…)"]
    if _partly(handler):
        declared = {method.function for method in services if method.service in served} | {"receive"}
        for name, member in inspect.getmembers(kind, callable):
            if not name.startswith("_") and name not in declared:
                interfaces = ", ".join(interface.__name__ for interface in _partly(handler))
                line = inspect.unwrap(member).__code__.co_firstlineno if inspect.isfunction(member) else 0
                problems.append(
                    f"{inspect.getsourcefile(kind) or kind.__module__}:{line}: {_title(kind)}.{name} is "
                    f"no method of {interfaces}; begin the names of helpers with _"
                )
    return problems


def _only(handlers: list[object], interface: type, function: str, source: str, problems: list[str]) -> object | None:
    """The one handler that has this method of the interface and fits it."""
    found = [handler for handler in handlers if _has(handler, interface, function)]
    title = f"{source}: {interface.__name__}.{function}"
    if len(found) > 1:
        problems.append(f"{title} has {len(found)} handlers: {', '.join(_title(type(one)) for one in found)}")
    if len(found) != 1:
        return None
    if misfits := _misfits(getattr(interface, function), getattr(type(found[0]), function)):
        problems.extend(f"{title}: {_title(type(found[0]))}.{function} {misfit}" for misfit in misfits)
        return None
    return found[0]


def _misfits(wanted: Callable[..., Any], given: Any) -> list[str]:
    """How a handler's function differs from the interface's, in words that follow its name."""
    if not inspect.isfunction(given):
        return ["is no method"]
    if inspect.iscoroutinefunction(given):
        return ["is a coroutine; handlers are plain functions"]
    try:
        hints = get_type_hints(given)
    except NameError as error:
        return [f"has an annotation that cannot be read at run time: {error}"]
    expected = get_type_hints(wanted)
    parameters = dict(list(inspect.signature(given).parameters.items())[1:])  # without self
    wanted_parameters = list(inspect.signature(wanted).parameters.values())[1:]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    problems = []
    for position, parameter in enumerate(wanted_parameters):
        name = parameter.name
        if name not in parameters and position and open_ended:
            continue
        if position == 0:
            first = next(iter(parameters.values()), None)
            if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
                problems.append("does not take the context as its first parameter")
                continue
            name = first.name
        elif name not in parameters or parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            problems.append(f"has no parameter {name!r}: {_spelt(expected[name])}")
            continue
        if name not in hints:
            problems.append(f"says no type for {name!r}, which is {_spelt(expected[parameter.name])}")
        elif hints[name] not in (Any, object) and _meaning(hints[name]) != _meaning(expected[parameter.name]):
            problems.append(f"takes {name!r} as {_spelt(hints[name])}, not {_spelt(expected[parameter.name])}")
        parameters.pop(name)
    problems.extend(
        f"wants a parameter {name!r}, which nobody gives"
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and name not in {p.name for p in wanted_parameters}
    )
    if "return" not in hints:
        problems.append(f"says no type for its result, which is {_spelt(expected['return'])}")
    elif not _result_fits(hints["return"], expected["return"]):
        problems.append(f"returns {_spelt(hints['return'])}, not {_spelt(expected['return'])}")
    return problems


def _meaning(annotation: Any) -> Any:
    """What an annotation means to a type checker, as a value that can be compared: names of types are resolved."""
    if isinstance(annotation, TypeAliasType):
        return _meaning(annotation.__value__)
    if get_origin(annotation) is Annotated:
        return _meaning(get_args(annotation)[0])
    if not (parts := get_args(annotation)):
        return annotation
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return frozenset(map(_meaning, parts))
    return origin, tuple(map(_meaning, parts))


def _result_fits(given: Any, wanted: Any) -> bool:
    given, wanted = _meaning(given), _meaning(wanted)
    return bool(
        given == wanted
        or wanted is Any
        or (isinstance(given, type) and isinstance(wanted, type) and issubclass(given, wanted))
    )


def _spelt(annotation: Any) -> str:
    if annotation is type(None):
        return "None"
    return (
        annotation.__name__
        if isinstance(annotation, type) and not hasattr(annotation, "__origin__")
        else str(annotation).replace("typing.", "")
    )


# --- what comes of it -------------------------------------------------------------------------------------------


def _method(declared: ServiceMethod, handler: object, validate_results: bool) -> Method:
    params = adapter(reading_old(declared.params, declared.old_names))
    function = getattr(handler, declared.function)
    transaction: Transaction = "read" if declared.safe else "write"
    if getattr(function, "__own_transactions__", False):
        transaction = "none"
    otherwise = Place.SLOW if transaction == "none" else Place.READ if declared.safe else Place.WRITE
    validator = params.validator
    assert isinstance(validator, SchemaValidator)
    return Method(
        name=declared.name,
        aliases=declared.aliases,
        params=validator,
        param_names=declared.param_names,
        auth=declared.auth,
        principal=declared.auth in ("user", "own"),
        call=_caller(_checked(function, declared) if validate_results else function, declared.clocked),
        encode=encoder(declared.result, validate=validate_results),
        decode=adapter(declared.result).validate_json,
        arguments=lambda values: params.dump_python(values, mode="json", by_alias=True, exclude_defaults=True),
        transaction=transaction,
        place=place_of(function, otherwise),
        safe=declared.safe,
        idempotent=declared.idempotent,
        audit=declared.audit,
        errors=declared.errors,
    )


ALWAYS = (Unauthorized, Forbidden, RateLimited, Busy)
"""Errors that any method may raise without declaring them."""


def _checked(function: Callable[..., Any], declared: ServiceMethod) -> Callable[..., Any]:
    """The function, which must not raise other errors than those that are declared."""
    known = (*declared.errors, *ALWAYS)

    @wraps(function)
    def checked(context: Context, **params: Any) -> Any:
        try:
            return function(context, **params)
        except DeclaredError as error:
            if isinstance(error, known):
                raise
            raised = f"{declared.name} raised {type(error).__name__}, which it does not declare"
            raise UndeclaredError(f"{declared.source}: {raised}") from error

    return checked


_TIMES: Mapping[str, Callable[[datetime], Any]] = {
    "otime": lambda now: now.replace(microsecond=0),
    "datetime": lambda now: now,
    "date": lambda now: now.date(),
}


def _caller(
    function: Callable[..., Any], clocked: tuple[tuple[str, str], ...]
) -> Callable[[Context, dict[str, Any]], Any]:
    def call(context: Context, params: dict[str, Any]) -> Any:
        return function(context, **params)

    def call_with_time(context: Context, params: dict[str, Any]) -> Any:
        now = context.clock.now()
        times = {name: _TIMES[kind](now) for name, kind in clocked if params.get(name) is None}
        return function(context, **{**params, **times})

    return call_with_time if clocked else call


def encoder(kind: Any, *, validate: bool) -> Callable[[Any], bytes]:
    """A function that writes values of a type as JSON. With `validate` it raises `pydantic.ValidationError`, or a
    serialization error, for a value that is not of the type or breaks a rule of it."""
    of_kind = adapter(kind)
    serializer = of_kind.serializer
    assert isinstance(serializer, SchemaSerializer)
    to_json = serializer.to_json

    def trusted(value: Any) -> bytes:
        return to_json(value, warnings=False)

    def checked(value: Any) -> bytes:
        encoded = to_json(value, warnings="error")
        of_kind.validate_json(encoded)
        return encoded

    return checked if validate else trusted


def _webhook(route: WebhookRoute, handler: object, validate_results: bool) -> Webhook:
    receive: Callable[..., Any] = handler.receive  # type: ignore[attr-defined]
    encode = encoder(route.result, validate=validate_results)

    def call(context: Context, body: bytes, headers: Mapping[str, str]) -> bytes:
        return encode(receive(context, body=body, headers=headers))

    return Webhook(route.name, route.path, call)
