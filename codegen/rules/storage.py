"""Stored objects: indexes on what is looked for, references as references, secrets kept."""

from collections.abc import Iterator
from math import inf

from codegen.model import Ref
from codegen.model.text_length import longest
from codegen.rules.lint import Found, Subject, found, rule
from codegen.source.catalog_lint import (
    FIND_WITHOUT_INDEX,
    INDEX_AND_UNIQUE,
    INDEXED_LENGTH,
    NOT_SENSITIVE,
    REFERENCE_WITHOUT_INDEX,
    SID_NOT_REFERENCE,
)

MAX_INDEXED = 1024
"""From so many characters or bytes on a value is too long for an index."""
_UNITS = {"str": "characters", "bytes": "bytes"}
_SECRETS = frozenset(["password", "passwd", "passphrase", "secret", "token", "credential", "credentials"])
_SECRET_KEYS = frozenset(["api", "private", "secret", "signing", "encryption"])


@rule(REFERENCE_WITHOUT_INDEX)
def reference_without_index(subject: Subject) -> Iterator[Found]:
    for struct in subject.program.rootobjects:
        leading = {index.fields[0] for index in struct.indexes}
        for field in struct.stored_fields:
            base = subject.program.base(field.type)
            if isinstance(base, Ref) and field.name not in leading:
                yield found(field, target=base.target.rpartition(".")[2])


@rule(INDEX_AND_UNIQUE)
def index_and_unique(subject: Subject) -> Iterator[Found]:
    for field in subject.fields():
        if field.index and field.unique:
            yield found(field)


@rule(INDEXED_LENGTH)
def indexed_length(subject: Subject) -> Iterator[Found]:
    for struct in subject.program.rootobjects:
        for name in dict.fromkeys(name for index in struct.indexes for name in index.fields):
            field = struct.field(name)
            unit = _UNITS.get(subject.primitive(field.type) or "")
            if unit is not None and (most := longest(subject.program.constraints_of(field))) >= MAX_INDEXED:
                length = "of any length" if most == inf else f"{most:.0f} {unit} long"
                yield found(field, length=length, limit=MAX_INDEXED, unit=unit)


@rule(FIND_WITHOUT_INDEX)
def find_without_index(subject: Subject) -> Iterator[Found]:
    for struct in subject.program.rootobjects:
        if "find" in struct.crud and not struct.indexes:
            yield found(struct)


@rule(SID_NOT_REFERENCE)
def sid_not_reference(subject: Subject) -> Iterator[Found]:
    """A stored field `user_sid: sid` where there is a root object `User` in the module or one that it imports."""
    for module in subject.program.modules:
        seen = [module.name, *module.imports]
        targets = {
            f"{target.wire}_sid": target
            for name in reversed(seen)
            for target in subject.program.module(name).rootobjects
        }
        for struct in module.rootobjects:
            for field in struct.stored_fields:
                primitive = subject.primitive(field.type)
                if primitive in ("sid", "str") and field.name in targets:
                    target = targets[field.name]
                    written = target.name if target.module == module.name else target.qname
                    yield found(field, type=primitive, target=written)


@rule(NOT_SENSITIVE)
def not_sensitive(subject: Subject) -> Iterator[Found]:
    for field in subject.fields():
        if _is_secret(field.name) and subject.primitive(field.type) in ("str", "bytes") and not field.sensitive:
            yield found(field)


def _is_secret(name: str) -> bool:
    """`login_token`, `api_key`, but not `token_kind`, `token_hash` or `public_key`."""
    words = name.split("_")
    return words[-1] in _SECRETS or (len(words) > 1 and words[-1] == "key" and words[-2] in _SECRET_KEYS)
