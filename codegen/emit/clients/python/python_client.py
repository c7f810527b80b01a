"""Turn the checked model into a Python client: a file per group of calls, each for threads and for asyncio."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.emit.calls.groups import (
    SAFE_VERBS,
    Group,
    find_fields,
    groups,
    input_fields,
    listed_fields,
    patch_fields,
)
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.docstrings import escaped
from codegen.emit.python.imports import Imports
from codegen.emit.python.types import model_name, python_type
from codegen.emit.render import environment
from codegen.emit.schema.declarations import old_name
from codegen.model.model import CrudVerb, Default, Field, Method, Param, Program, QName, Struct
from codegen.runtime.values.python_names import client_argument, client_method

_LATER_LINE = re.compile(r"\n(?=[^\n])")
_LIST = re.compile(r"\blist\b(?=\[)")
_RUNTIME = "codegen.runtime.client.client"


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    annotation: str
    required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A TypedDict; `functional` where a key is no identifier that Python allows there."""

    name: str
    doc: str
    fields: tuple[Entry, ...]

    @property
    def functional(self) -> bool:
        return any(keyword.iskeyword(field.name) for field in self.fields)


@dataclass(frozen=True, slots=True)
class Argument:
    """`default` is Python text, None where the argument must be given.

    `leave_out`: None means it is not sent. `by_name`: it cannot be given by position.
    """

    wire: str
    annotation: str
    default: str | None = None
    leave_out: bool = False
    by_name: bool = False

    @property
    def name(self) -> str:
        return client_argument(self.wire)

    @property
    def declared(self) -> str:
        return f"{self.name}: {self.annotation}" + (f" = {self.default}" if self.default is not None else "")


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    wire: str
    params: str
    result: str
    doc: str
    arguments_list: tuple[Argument, ...]
    safe: bool
    key: str | None
    errors: tuple[str, ...]

    @property
    def constant(self) -> str:
        """The prepared call, a constant of the module."""
        parts = [self.wire, self.params, self.result]
        if self.safe:
            parts.append("safe=True")
        if self.key:
            parts.append(f"key={json.dumps(self.key)}")
        if self.errors:
            parts.append(_folded("errors=(", self.errors, ",)" if len(self.errors) == 1 else ")"))
        return _filled(f"_{self.name.upper()} = Call(", parts, ")")

    @property
    def docstring(self) -> str:
        """PERF: a macro of the template takes a tenth of a client's time for it."""
        margin = "        "
        text = _LATER_LINE.sub(f"\n{margin}", self.doc)
        end = f"\n{margin}" if "\n" in text else ""
        return f'{margin}"""{text}{end}"""'

    def head(self, define: str) -> str:
        """The `def` line, broken where it is too long."""
        name = client_method(self.name)
        placed = [argument.declared for argument in self.arguments_list if not argument.by_name]
        named = [argument.declared for argument in self.arguments_list if argument.by_name]
        parts = ["self", *placed, *(["*", *named] if named else [])]
        return _filled(f"    {define} {name}(", parts, f") -> {self.result}:")

    def body(self, await_: str) -> str:
        """The `return` line; optional arguments that are None are not sent."""
        start = f"        return cast({json.dumps(self.result)}, {await_}self._transport.call(_{self.name.upper()}, "
        sent = [f'"{a.wire}": {a.name}' for a in self.arguments_list]
        left_out = [a.wire for a in self.arguments_list if a.leave_out]
        if not left_out:
            return _filled(start + "{", sent, "}))")
        return _filled(start + "without_none({", sent, f"}}, {json.dumps(left_out)})))")


def _filled(start: str, parts: Sequence[str], end: str) -> str:
    """One line of at most 120 columns, or the parts on lines of their own, one level deeper than `start`."""
    line = start + ", ".join(parts) + end
    if len(line) <= 120:
        return line
    margin = " " * (len(start) - len(start.lstrip()))
    return start + "".join(f"\n{margin}    {part}," for part in parts) + f"\n{margin}{end}"


def _folded(start: str, names: Sequence[str], end: str) -> str:
    """A list of names inside an argument on a line of its own, folded where it is too long."""
    return textwrap.fill(start + ", ".join(names) + end, 114, subsequent_indent="        ", break_long_words=False)


def emit(program: Program) -> Iterable[Output]:
    sources = [file for module in program.modules for file in module.files]
    first_line = header(sources)
    all_groups = groups(program)
    for group in all_groups:
        yield Output(f"clients/python/{group.identifier}.py", _File(program, group).render(first_line))
    example = next(
        (
            f"{group.identifier}.{client_method(call)}(…)"
            for group in all_groups
            for call in (*group.verbs, *(method.name for method in group.methods))
        ),
        "…",
    )
    yield Output(
        "clients/python/__init__.py",
        environment("clients.python")
        .get_template("package.py.j2")
        .render(header=first_line, groups=all_groups, example=example),
    )


class _File:
    """One group's file while it is written."""

    def __init__(self, program: Program, group: Group) -> None:
        self.program, self.group = program, group
        self.imports = Imports(
            f"clients/python/{group.identifier}.py",
            [f"{group.title}Calls", f"Async{group.title}Calls", *_record_names(group)],
        )
        self.records: list[Record] = []

    def render(self, first_line: str) -> str:
        runtime = {name: self.imports.name(_RUNTIME, name) for name in ("AsyncTransport", "Call", "Transport")}
        assert all(name == local for name, local in runtime.items())
        calls = [*self._crud(), *(self._method(method) for method in self.group.methods)]
        if any(call.name == "list" for call in calls):
            calls = [self._beside_list(call) for call in calls]
        if any(argument.leave_out for call in calls for argument in call.arguments_list):
            self.imports.name(_RUNTIME, "without_none")
        self.imports.name("typing", "cast")
        typed_dict = self.imports.name("typing_extensions", "TypedDict") if self.records else ""
        not_required = ""
        if any(not field.required for record in self.records for field in record.fields):
            not_required = self.imports.name("typing", "NotRequired")
        return (
            environment("clients.python")
            .get_template("api.py.j2")
            .render(
                header=first_line,
                title=f"`{self.group.name}`",
                name=f"{self.group.title}Calls",
                group_doc=_python_doc(self.group.doc) or f"The calls of `{self.group.name}`.",
                records=self.records,
                calls=calls,
                imports=self.imports.text(),
                NotRequired=not_required,
                TypedDict=typed_dict,
            )
        )

    def _type(self, of: Field | Param) -> str:
        return python_type(self.program, of.type, self.imports, nullable=of.nullable)

    def _record(self, name: str, doc: str, fields: Sequence[Field], optional: Sequence[str] | None) -> str:
        """`optional` names the keys that may be left out, None for all."""
        self.records.append(
            Record(
                name,
                "\n\n".join([doc, *_old_names(fields)]),
                tuple(
                    Entry(field.name, self._type(field), optional is not None and field.name not in optional)
                    for field in fields
                ),
            )
        )
        return name

    def _beside_list(self, call: Call) -> Call:
        """In a class with a method `list` the type of that name is spelled out in annotations."""

        def spell(annotation: str) -> str:
            spelled = _LIST.sub("builtins.list", annotation)
            if spelled != annotation:
                self.imports.module("builtins")
            return spelled

        return replace(
            call,
            result=spell(call.result),
            arguments_list=tuple(
                replace(argument, annotation=spell(argument.annotation)) for argument in call.arguments_list
            ),
        )

    # --- services -----------------------------------------------------------------------------------------------

    def _method(self, method: Method) -> Call:
        arguments = tuple(self._argument(param, method.idempotent) for param in method.params)
        params = _params_name(method)
        self.records.append(
            Record(
                params,
                f"The parameters of `{method.wire}`.",
                tuple(
                    Entry(param.name, self._type(param), not argument.leave_out)
                    for param, argument in zip(method.params, arguments, strict=True)
                ),
            )
        )
        result = (
            "None"
            if method.result is None
            else python_type(self.program, method.result, self.imports, nullable=method.result_nullable)
        )
        raises = [self.program.errors[name] for name in method.errors]
        doc = _python_doc(method.doc) or f"Call `{method.wire}`."
        doc = "\n\n".join([doc, *_old_names(method.params)])
        if method.deprecated:
            doc += f"\n\nDeprecated: {method.deprecated.reason}"
        if raises:
            doc += "\n\n" + _python_doc("Raises " + ", ".join(f"`{error.name}`" for error in raises) + ".")
        return Call(
            method.name,
            json.dumps(method.wire),
            params,
            result,
            doc,
            _placed(arguments, method.idempotent),
            method.safe,
            method.idempotent,
            tuple(self._error(name) for name in method.errors if not name.startswith("runtime.")),
        )

    def _argument(self, param: Param, key: str | None) -> Argument:
        annotation = self._type(param)
        literal = _literal(param.default)
        if param.required and param.name != key:
            return Argument(param.name, annotation)
        if literal is not None and not param.optional:
            return Argument(param.name, annotation, literal)
        if not annotation.endswith("None"):
            annotation += " | None"
        return Argument(param.name, annotation, "None", leave_out=True)

    def _error(self, name: QName) -> str:
        error = self.program.errors[name]
        return self.imports.name(f"~.errors.{error.module}", error.name)

    # --- CRUD ---------------------------------------------------------------------------------------------------

    def _crud(self) -> Iterator[Call]:
        root = self.group.root
        if root is None:
            return
        for verb in root.crud:
            yield self._crud_call(root, verb)

    def _crud_call(self, root: Struct, verb: CrudVerb) -> Call:
        sid, rev = Argument("sid", "str"), _by_name("rev", "int | None")
        reason = _by_name("reason", "str | None")
        more = (reason,) if root.append_only else (rev, reason)
        paging = (Argument("limit", "int", "100", by_name=True), _by_name("cursor", "str | None"))
        arguments: tuple[Argument, ...]
        match verb:
            case "new":
                result, doc = self._model(root), f"Store a new `{root.name}`."
                arguments = (Argument("data", self._input(root)), reason)
            case "get":
                result, doc, arguments = self._model(root), "The object with this sid.", (sid,)
            case "set":
                result, doc = self._model(root), "Replace an object, or store it where its sid is new."
                arguments = (Argument("data", self._input(root)), *more)
            case "patch":
                result, doc = self._model(root), "Change some fields; what is absent stays, None clears."
                patch = self._record(f"{root.name}Patch", "What may be changed.", patch_fields(root), None)
                arguments = (sid, Argument("data", patch), *more)
            case "delete":
                result, doc, arguments = "None", "Remove the object.", (sid, reason)
            case "exists":
                result, doc, arguments = "bool", "Whether there is an object with this sid.", (sid,)
            case "list":
                result, doc, arguments = f"{self._page()}[str]", "The sids, a page at a time.", paging
            case "list_full":
                result = f"{self._page()}[{self._listed(root)}]"
                doc, arguments = "The objects, a page at a time.", paging
            case "find":
                wanted = self._record(
                    f"{root.name}Filter",
                    "The indexed fields; objects equal in all that are given.",
                    find_fields(root),
                    None,
                )
                result = f"{self._page()}[{self._listed(root)}]"
                doc = "The objects whose indexed fields have these values, a page at a time."
                arguments = (Argument("filter", wanted), *paging)
        if arguments == (sid,):
            params = self.imports.name(_RUNTIME, "SidParams")
        elif arguments == paging:
            params = self.imports.name(_RUNTIME, "PageParams")
        else:
            params = _verb_params_name(root, verb)
            self.records.append(
                Record(
                    params,
                    f"The parameters of `{root.wire}.{verb}`.",
                    tuple(Entry(a.wire, a.annotation, not a.leave_out) for a in arguments),
                )
            )
        wire, safe = json.dumps(f"{root.wire}.{verb}"), verb in SAFE_VERBS
        return Call(verb, wire, params, result, doc, arguments, safe, None, ())

    def _page(self) -> str:
        return self.imports.name(_RUNTIME, "Page")

    def _input(self, root: Struct) -> str:
        name = f"{root.name}Input"
        if all(record.name != name for record in self.records):
            fields = input_fields(root)
            self._record(
                name,
                f"A `{root.name}` as it is sent: without what the server fills in.",
                fields,
                [field.name for field in fields if not field.required],
            )
        return name

    def _model(self, root: Struct) -> str:
        return model_name(self.program, root.qname, self.imports)

    def _listed(self, root: Struct) -> str:
        if not any(field.sensitive for field in root.fields):
            return self._model(root)
        name = f"{root.name}Listed"
        if all(record.name != name for record in self.records):
            fields = listed_fields(root)
            self._record(
                name,
                f"A `{root.name}` as lists give it: without what is sensitive.",
                fields,
                [field.name for field in fields if field.optional],
            )
        return name


def _by_name(wire: str, annotation: str) -> Argument:
    """One that is given by name, or left out."""
    return Argument(wire, annotation, "None", leave_out=True, by_name=True)


def _placed(arguments: Sequence[Argument], key: str | None) -> tuple[Argument, ...]:
    """Those of a method, which may be given by position, as its schema has them.

    What may be left out stays where it was when it had to be given, so calls that give it stay right. In front of one
    that must be given it has no default, and None leaves it out; an idempotency key there is given by name instead.
    """
    needed = max((at for at, argument in enumerate(arguments) if argument.default is None), default=-1)
    early = {argument.wire for argument in arguments[: max(needed, 0)] if argument.default is not None}
    return tuple(
        each
        if each.wire not in early
        else replace(each, by_name=True)
        if each.wire == key
        else replace(each, default=None)
        for each in arguments
    )


def _old_names(members: Iterable[Field | Param]) -> Iterator[str]:
    """A line for each of them that had another name."""
    return (f"`{member.name}`: {text}" for member in members if (text := old_name(member)))


def _params_name(method: Method) -> str:
    return "".join(part.capitalize() for part in method.name.split("_")) + "Params"


def _verb_params_name(root: Struct, verb: CrudVerb) -> str:
    return f"{root.name}{verb.capitalize()}Params"


def _record_names(group: Group) -> Iterator[str]:
    """What a group's file may define: an import of such a name gets another one there."""
    yield from map(_params_name, group.methods)
    if group.root is not None:
        yield from (f"{group.root.name}{suffix}" for suffix in ("Input", "Patch", "Filter", "Listed"))
        yield from (_verb_params_name(group.root, verb) for verb in group.verbs)


def _literal(default: Default | None) -> str | None:
    """A default that can stand in a signature; the others are left to the server."""
    if default is None or default.now or not isinstance(default.value, bool | int):
        return None
    return repr(default.value)


def _python_doc(doc: str) -> str:
    """As it stands in a docstring of a method, with its lines folded."""
    lines = (textwrap.fill(line, 108, break_long_words=False) for line in doc.splitlines())
    return escaped("\n".join(lines))
