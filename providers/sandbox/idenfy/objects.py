"""iDenfy's objects as JSON: tokens, callbacks with a person's data in them, as the vendor sends them."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

JsonObject = dict[str, Any]

NO_CODES: JsonObject = {"autoDocument": None, "autoFace": None, "manualDocument": None, "manualFace": None}
GOOD: JsonObject = {**NO_CODES, "autoDocument": "DOC_VALIDATED", "autoFace": "FACE_MATCH"}
PEOPLE_LOOKED: JsonObject = {"manualDocument": "DOC_VALIDATED", "manualFace": "FACE_MATCH"}


def token(asked: JsonObject, now: int) -> JsonObject:
    """A new attempt as the vendor keeps it; what begins with an underscore is not told."""
    auth = secrets.token_urlsafe(30)[:40].replace("-", "x").replace("_", "y")
    return {
        "id": str(uuid.uuid4()),
        "_token": auth,
        "_asked": asked,
        "_created": now,
        "_opened": None,
        "_finished": None,
        "_overall": "ACTIVE",
        "_codes": NO_CODES,
        "_tags": {"fraudTags": [], "suspicionReasons": [], "mismatchTags": []},
    }


def created(attempt: JsonObject) -> JsonObject:
    """The answer to `POST /api/v2/token`."""
    asked = attempt["_asked"]
    optional = (
        "firstName",
        "lastName",
        "successUrl",
        "errorUrl",
        "unverifiedUrl",
        "country",
        "documents",
        "dateOfBirth",
        "dateOfExpiry",
        "dateOfIssue",
        "nationality",
        "personalNumber",
        "documentNumber",
        "sex",
        "address",
        "externalRef",
    )
    return {
        "message": "Token created successfully",
        "authToken": attempt["_token"],
        "scanRef": attempt["id"],
        "clientId": asked["clientId"],
        "personScanRef": asked["clientId"],
        **{name: asked.get(name) for name in optional},
        "locale": asked.get("locale", "en"),
        "showInstructions": asked.get("showInstructions", True),
        "expiryTime": asked.get("expiryTime", 3600),
        "sessionLength": asked.get("sessionLength", 600),
        "digitString": None,
        "tokenType": asked.get("tokenType", "IDENTIFICATION"),
        "videoCallQuestions": [],
    }


def status(attempt: JsonObject) -> JsonObject:
    """The answer to `POST /api/v2/status`."""
    tags = attempt["_tags"]
    return {
        "status": attempt["_overall"],
        "scanRef": attempt["id"],
        "clientId": attempt["_asked"]["clientId"],
        **attempt["_codes"],
        "fraudTags": tags["fraudTags"],
        "mismatchTags": tags["mismatchTags"],
    }


def callback(attempt: JsonObject, overall: str, final: bool | None) -> JsonObject:
    """A callback; of an attempt that nobody went through `final` and the data are left out."""
    told: JsonObject = {
        "clientId": attempt["_asked"]["clientId"],
        "scanRef": attempt["id"],
        "externalRef": attempt["_asked"].get("externalRef"),
        "platform": "PC",
        "startTime": attempt["_opened"],
        "finishTime": attempt["_finished"],
        "clientIp": "192.0.2.0",
        "clientIpCountry": "LT",
        "clientLocation": "Kaunas, Lithuania",
        "status": {"overall": overall, **attempt["_tags"], **attempt["_codes"], "additionalSteps": None},
    }
    if final is None:
        return {**told, "data": dict.fromkeys(_PERSON), "fileUrls": {}, "AML": [], "LID": []}
    files = {side: f"https://files.example/{attempt['id']}/{side}?Expires=60" for side in ("FRONT", "BACK", "FACE")}
    return {**told, "final": final, "data": _PERSON, "fileUrls": files, "AML": [_CLEAR], "LID": []}


_PERSON: JsonObject = {
    "docFirstName": "SAMPLE-FIRST",
    "docLastName": "SAMPLE-LAST",
    "docNumber": "X00000000",
    "docPersonalCode": "30000000000",
    "docExpiry": "2031-01-01",
    "docDob": "1990-01-01",
    "docDateOfIssue": "2021-01-01",
    "docType": "ID_CARD",
    "docSex": "UNDEFINED",
    "docNationality": "LT",
    "docIssuingCountry": "LT",
    "birthPlace": "SAMPLE-PLACE",
    "address": "SAMPLE-STREET 1",
    "fullName": "SAMPLE-FIRST SAMPLE-LAST",
    "orgFirstName": "Ąžuolas",
    "orgBirthPlace": "ŠILUVA",
    "ageEstimate": "OVER_25",
    "duplicateFaces": None,
    "additionalData": {},
}
_CLEAR: JsonObject = {
    "status": {"serviceSuspected": False, "checkSuccessful": True, "overallStatus": "NOT_SUSPECTED"},
    "data": [],
    "serviceName": "PilotApiAmlV2",
    "serviceGroupType": "AML",
    "uid": "OHT8",
    "errorMessage": None,
}
