"""Write types, values and notes on one line."""

from collections.abc import Iterable

from codegen.source.files import SourceFile
from codegen.syntax import tree


def type_text(kind: tree.TypeExpr) -> str:
    match kind:
        case tree.NamedType():
            return f"{kind.path.text}<{kind.argument.text}>" if kind.argument else kind.path.text
        case tree.RefType():
            return f"&{kind.path.text}"
        case tree.ListType():
            return f"[{type_text(kind.item)}]"
        case tree.MapType():
            return f"map<{type_text(kind.key)}, {type_text(kind.value)}>"
        case tree.OptionalType():
            return f"{type_text(kind.inner)}?"


class Spelling:
    """Strings and numbers stay as they are written in the source."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source

    def value(self, value: tree.Value) -> str:
        match value:
            case tree.StringValue() | tree.NumberValue():
                return self.source.slice(value.span)
            case tree.PathValue():
                return value.path.text
            case tree.ListValue():
                return f"[{', '.join(map(self.value, value.items))}]"
            case tree.EmptyMapValue():
                return "{}"

    def note(self, note: tree.Note) -> str:
        if not note.has_parens:
            return note.name.text
        args = (f"{arg.name.text}={self.value(arg.value)}" if arg.name else self.value(arg.value) for arg in note.args)
        return f"{note.name.text}({', '.join(args)})"

    def notes(self, notes: Iterable[tree.Note]) -> str:
        return " ".join(f"@{self.note(note)}" for note in notes)

    def field(self, field: tree.Field) -> str:
        default = f" = {self.value(field.default)}" if field.default is not None else ""
        return f"{field.name.text}{'?' * field.optional}: {type_text(field.type)}{default}"

    def param(self, param: tree.Param, inferred: str | None) -> str:
        kind = type_text(param.type) if param.type is not None else inferred
        default = f" = {self.value(param.default)}" if param.default is not None else ""
        text = f"{param.name.text}{'?' * param.optional}{f': {kind}' if kind else ''}{default}"
        return f"{text} {self.notes(param.notes)}".rstrip()

    def alternative(self, item: tree.Alternative) -> str:
        value = self.value(item.value) if isinstance(item.value, tree.StringValue) else type_text(item.value)
        return f"{value} {self.notes(item.notes)}".rstrip()

    @staticmethod
    def outcome(result: tree.TypeExpr | None, errors: tuple[tree.Path, ...]) -> str:
        """` -> type ! Error | Error`, as far as it is there."""
        text = f" -> {type_text(result)}" if result is not None else ""
        return text + (f" ! {' | '.join(error.text for error in errors)}" if errors else "")
