"""Random edits of services, of unions and of the names of types; those of fields and enums stand in `evolving`."""

from __future__ import annotations

from random import Random

from tests.property.evolving import MEMBERS, TYPES, WIDTHS, Column, Edit, Procedure, Schema, procedure

SCOPES = (None, "public", "user", "admin")


def _some(made: Schema, random: Random) -> Procedure:
    return random.choice(made.procedures)


def _param(made: Schema, random: Random) -> tuple[Procedure, Column] | None:
    procedure = _some(made, random)
    return (procedure, random.choice(procedure.params)) if procedure.params else None


# --- services ---------------------------------------------------------------------------------------------------


def add_procedure(made: Schema, random: Random) -> None:
    made.procedures.append(procedure(made, random))


def delete_procedure(made: Schema, random: Random) -> None:
    made.procedures.remove(_some(made, random))


def rename_procedure(made: Schema, random: Random) -> None:
    made.added += 1
    _some(made, random).name = f"p{made.added}"


def change_result(made: Schema, random: Random) -> None:
    _some(made, random).result = random.choice([None, "i32", "Kind", "Part", "Shape"])


def add_or_delete_error(made: Schema, random: Random) -> None:
    procedure = _some(made, random)
    procedure.refuses = not procedure.refuses


def change_auth(made: Schema, random: Random) -> None:
    _some(made, random).auth = random.choice(SCOPES)


def change_service_auth(made: Schema, random: Random) -> None:
    made.auth = random.choice(["public", "user", "admin"])


def change_object_auth(made: Schema, random: Random) -> None:
    made.object_auth = random.choice(["public", "user", "admin"])


def change_safe(made: Schema, random: Random) -> None:
    procedure = _some(made, random)
    procedure.safe = not procedure.safe


def change_version(made: Schema, random: Random) -> None:
    made.version = random.choice(["1.1", "2.0"])


# --- parameters -------------------------------------------------------------------------------------------------


def add_param(made: Schema, random: Random) -> None:
    """At the end, or the first of all where it is required."""
    params, kind = _some(made, random).params, random.choice(["optional", "default", "required"])
    made.added += 1
    column = Column(f"f{made.added}", random.choice(TYPES), optional=kind == "optional")
    if kind == "default":
        column.type, column.default = "i32", "5"
    params.insert(0 if kind == "required" else len(params), column)


def delete_param(made: Schema, random: Random) -> None:
    if found := _param(made, random):
        found[0].params.remove(found[1])


def rename_param(made: Schema, random: Random) -> None:
    if found := _param(made, random):
        made.added += 1
        if random.random() < 0.8:
            found[1].notes.append(f' @was("{found[1].name}")')
        found[1].name = f"f{made.added}"


def retype_param(made: Schema, random: Random) -> None:
    if (found := _param(made, random)) and found[1].type in WIDTHS:
        found[1].type = random.choice(["i16", "i32", "i64"])


def loosen_param(made: Schema, random: Random) -> None:
    """The last one: what follows would have to be optional, too."""
    if params := _some(made, random).params:
        params[-1].optional, params[-1].default = True, None


def tighten_param(made: Schema, random: Random) -> None:
    if params := [each for each in _some(made, random).params if each.optional]:
        params[0].optional = False


def reorder_params(made: Schema, random: Random) -> None:
    random.shuffle(_some(made, random).params)


# --- unions and names -------------------------------------------------------------------------------------------


def add_member(made: Schema, random: Random) -> None:
    made.members += [name for name in MEMBERS if name not in made.members][:1]


def delete_member(made: Schema, random: Random) -> None:
    if len(made.members) > 2:
        made.members.pop(random.randrange(len(made.members)))


def change_tag(made: Schema, random: Random) -> None:
    made.tag = random.choice(["type", "kind"])


def rename_type(made: Schema, random: Random) -> None:
    old, new = random.choice([("Item", "Thing"), ("Part", "Piece"), ("Kind", "Colour"), ("Shape", "Figure")])
    made.names[old] = new


CALL_EDITS: tuple[Edit, ...] = (
    add_procedure,
    delete_procedure,
    rename_procedure,
    change_result,
    add_or_delete_error,
    change_auth,
    change_service_auth,
    change_object_auth,
    change_safe,
    change_version,
    add_param,
    delete_param,
    rename_param,
    retype_param,
    loosen_param,
    tighten_param,
    reorder_params,
    add_member,
    delete_member,
    change_tag,
    rename_type,
)
