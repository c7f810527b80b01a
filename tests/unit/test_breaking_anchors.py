"""What other tools find between two versions of a schema, `oschema breaking` finds: Buf's rules, Smithy's evaluators.

Each of theirs stands beside those of ours that find the same; every one of ours has a case (`tests/cases/breaking`).

What has nothing to find here: numbers of fields and values (names stand for themselves on the wire); extensions and
message sets (a type has no fields but its own); options for other languages' outputs (there are none); FILE_NO_DELETE
(nothing follows from the file in which a declaration stands); RESERVED_ENUM_NO_DELETE (a value that went and came back
is the same value); streaming (a call has one answer).
"""

import pytest

from codegen.rules.breaking import CHANGES

BUF = {
    "ENUM_NO_DELETE": "TYPE_DELETE",
    "ENUM_SAME_TYPE": "ENUM_OPEN ENUM_CLOSE",
    "ENUM_VALUE_NO_DELETE": "ENUM_VALUE_DELETE",
    "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED": "ENUM_VALUE_DELETE",
    "ENUM_VALUE_SAME_NAME": "ENUM_VALUE_DELETE",
    "FIELD_NO_DELETE": "FIELD_DELETE",
    "FIELD_NO_DELETE_UNLESS_NAME_RESERVED": "FIELD_DELETE_UNRESERVED RESERVED_REUSE",
    "FIELD_SAME_CARDINALITY": "FIELD_REQUIRED_TO_OPTIONAL FIELD_OPTIONAL_TO_REQUIRED TYPE_CHANGE",
    "FIELD_SAME_DEFAULT": "DEFAULT_CHANGE PARAM_DEFAULT_CHANGE",
    "FIELD_SAME_JSON_NAME": "FIELD_RENAME PARAM_RENAME WIRE_RENAME",
    "FIELD_SAME_NAME": "FIELD_RENAME PARAM_RENAME",
    "FIELD_SAME_ONEOF": "UNION_MEMBER_DELETE",
    "FIELD_SAME_TYPE": "TYPE_CHANGE PARAM_TYPE_CHANGE",
    "FIELD_WIRE_COMPATIBLE_CARDINALITY": "FIELD_OPTIONAL_TO_REQUIRED",
    "FIELD_WIRE_COMPATIBLE_TYPE": "TYPE_CHANGE",
    "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY": "FIELD_OPTIONAL_TO_REQUIRED",
    "FIELD_WIRE_JSON_COMPATIBLE_TYPE": "TYPE_CHANGE",
    "FILE_SAME_PACKAGE": "TYPE_MOVE",
    "MESSAGE_NO_DELETE": "TYPE_DELETE",
    "MESSAGE_SAME_REQUIRED_FIELDS": "FIELD_ADD_REQUIRED FIELD_OPTIONAL_TO_REQUIRED",
    "ONEOF_NO_DELETE": "TYPE_DELETE",
    "PACKAGE_ENUM_NO_DELETE": "TYPE_DELETE TYPE_MOVE",
    "PACKAGE_MESSAGE_NO_DELETE": "TYPE_DELETE TYPE_MOVE",
    "PACKAGE_NO_DELETE": "TYPE_DELETE SERVICE_DELETE TYPE_MOVE",
    "PACKAGE_SERVICE_NO_DELETE": "SERVICE_DELETE TYPE_MOVE",
    "RESERVED_MESSAGE_NO_DELETE": "RESERVED_DELETE",
    "RPC_NO_DELETE": "METHOD_DELETE METHOD_RENAME",
    "RPC_SAME_IDEMPOTENCY_LEVEL": "SAFE_DELETE IDEMPOTENT_DELETE",
    "RPC_SAME_REQUEST_TYPE": "PARAM_TYPE_CHANGE PARAM_DELETE PARAM_ADD_REQUIRED",
    "RPC_SAME_RESPONSE_TYPE": "RESULT_CHANGE",
    "SERVICE_NO_DELETE": "SERVICE_DELETE",
}
SMITHY = {
    "AddedDefaultTrait": "DEFAULT_ADD",
    "AddedOperationError": "METHOD_ERROR_ADD",
    "AddedRequiredMember": "FIELD_ADD_REQUIRED PARAM_ADD_REQUIRED",
    "AddedServiceError": "METHOD_ERROR_ADD",
    "ChangedDefault": "DEFAULT_CHANGE PARAM_DEFAULT_CHANGE",
    "ChangedEnumTrait": "ENUM_VALUE_ADD ENUM_VALUE_DELETE",
    "ChangedLengthTrait": "CONSTRAINT_TIGHTEN CONSTRAINT_LOOSEN",
    "ChangedMemberOrder": "FIELD_REORDER PARAM_REORDER",
    "ChangedMemberTarget": "TYPE_CHANGE",
    "ChangedNullability": "FIELD_REQUIRED_TO_OPTIONAL FIELD_OPTIONAL_TO_REQUIRED PARAM_OPTIONAL_TO_REQUIRED",
    "ChangedOperationInput": "PARAM_TYPE_CHANGE PARAM_DELETE",
    "ChangedOperationOutput": "RESULT_CHANGE",
    "ChangedRangeTrait": "CONSTRAINT_TIGHTEN CONSTRAINT_LOOSEN",
    "ChangedResourceIdentifiers": "OWNER_CHANGE PRINCIPAL_CHANGE",
    "ChangedShapeType": "TYPE_KIND_CHANGE",
    "ModifiedTrait": "SERVER_ADD IMMUTABLE_ADD SENSITIVE_DELETE DEPRECATE",
    "RemovedAuthenticationScheme": "AUTH_TIGHTEN AUTH_LOOSEN",
    "RemovedEntityBinding": "METHOD_DELETE CRUD_NARROW",
    "RemovedOperationError": "METHOD_ERROR_DELETE",
    "RemovedOperationInput": "PARAM_DELETE",
    "RemovedOperationOutput": "RESULT_CHANGE",
    "RemovedRequiredTrait": "FIELD_REQUIRED_TO_OPTIONAL",
    "RemovedServiceError": "METHOD_ERROR_DELETE",
    "RemovedShape": "TYPE_DELETE",
    "ServiceRename": "SERVICE_RENAME",
}


@pytest.mark.parametrize(("theirs", "ours"), [*BUF.items(), *SMITHY.items()])
def test_what_they_find_is_found(theirs: str, ours: str) -> None:
    assert CHANGES.keys() >= {*ours.split()}, theirs
