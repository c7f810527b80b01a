"""What iDenfy says of an attempt, in our words: statuses, tags, a reason for the person. Nothing else is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from generated.models.onboarding import KycStatus

JsonObject = dict[str, Any]
MOST_TAGS = 40

_STATUS = {
    "APPROVED": KycStatus.COMPLETED,
    "DENIED": KycStatus.FAILED,
    "SUSPECTED": KycStatus.REVIEW,
    "REVIEWING": KycStatus.REVIEW,
    "EXPIRED": KycStatus.EXPIRED,
    "EXPIRED-DELETED": KycStatus.EXPIRED,
    "DELETED": KycStatus.EXPIRED,
    "ACTIVE": KycStatus.IN_PROGRESS,
}
OVER = frozenset({"EXPIRED", "EXPIRED-DELETED", "DELETED"})
"""Nothing comes after these, whether or not `final` stands beside them."""
DECIDED = frozenset({"APPROVED", "DENIED", "SUSPECTED"})
_TAG = re.compile("[A-Z][A-Z0-9_]{0,63}")
_SID = re.compile("[0-9A-Za-z]{4,26}")
_GOOD = {"DOC_VALIDATED", "FACE_MATCH"}

_DOCUMENT = {
    "DOC_EXPIRED": "The document has expired.",
    "DOC_TOO_BLURRY": "The picture of the document is blurred.",
    "DOC_FACE_GLARED": "The picture of the document has glare on it.",
    "DOC_NOT_FULLY_VISIBLE": "The document was not fully in the picture.",
    "DOC_DAMAGED": "The document is damaged.",
    "DOC_NOT_FOUND": "There was no document in the picture.",
    "DOC_FACE_NOT_FOUND": "The photo on the document could not be seen.",
    "DOC_NOT_SUPPORTED": "This kind of document is not accepted.",
    "DOC_TYPE_MISMATCH": "The document is of another kind than was chosen.",
    "COUNTRY_MISMATCH": "The document is of another country than was chosen.",
    "MRZ_NOT_FOUND": "The lines at the bottom of the document could not be read.",
    "MRZ_OCR_READING_ERROR": "The lines at the bottom of the document could not be read.",
}
_FACE = {
    "FACE_MISMATCH": "The face does not match the document.",
    "NO_FACE_FOUND": "There was no face in the picture.",
    "TOO_MANY_FACES": "There was more than one face in the picture.",
    "FACE_TOO_BLURRY": "The picture of the face is blurred.",
    "FACE_GLARED": "The picture of the face has glare on it.",
}
_TAGGED = {"UNDER_AGE": "Only adults can be verified."}
_UNTOLD_DOCUMENT = "The document could not be accepted."
_UNTOLD_FACE = "The picture of the face could not be accepted."
UNTOLD = "The documents could not be accepted."


def status_of(overall: Any) -> KycStatus:
    """One that is not known, and ARCHIVED, which does not say how it ended, are for people to look at."""
    return _STATUS.get(overall, KycStatus.REVIEW) if isinstance(overall, str) else KycStatus.REVIEW


def tags_of(*places: JsonObject) -> list[str]:
    """The tags that stand in any of these objects, each once; nothing that is no tag."""
    lists = [place.get(name) for place in places for name in ("fraudTags", "suspicionReasons", "mismatchTags")]
    codes = [
        place.get(name) for place in places for name in ("autoDocument", "autoFace", "manualDocument", "manualFace")
    ]
    found = [tag for each in lists if isinstance(each, list) for tag in each]
    found += [code for code in codes if code not in _GOOD]
    return list(dict.fromkeys(tag for tag in found if isinstance(tag, str) and _TAG.fullmatch(tag)))[:MOST_TAGS]


def reason_of(status: KycStatus, told: JsonObject) -> str | None:
    """What was objected to, as sentences for the person; what people found counts instead of what the machine did.

    Of a suspicion nothing is told.
    """
    if status is not KycStatus.FAILED:
        return None
    document, face = (told.get(f"manual{part}") or told.get(f"auto{part}") for part in ("Document", "Face"))
    tags = told.get("mismatchTags")
    sentences = [
        *_sentence(document, _DOCUMENT, _UNTOLD_DOCUMENT),
        *_sentence(face, _FACE, _UNTOLD_FACE),
        *(text for tag, text in _TAGGED.items() if isinstance(tags, list) and tag in tags),
    ]
    return " ".join(sentences) or UNTOLD


def _sentence(code: Any, known: dict[str, str], untold: str) -> Iterable[str]:
    if isinstance(code, str) and code and code not in _GOOD:
        yield known.get(code, untold)


def ours(reference: Any) -> str | None:
    """The sid of an attempt of ours in `externalRef`; None for what another program wrote there."""
    return reference if isinstance(reference, str) and _SID.fullmatch(reference) else None


def time(seconds: Any) -> datetime | None:
    """A moment in Unix time, None where there is none. Raises `ValueError`."""
    if seconds is None:
        return None
    if type(seconds) is not int or not 0 <= seconds < 2**32:
        raise ValueError("a time is a whole number of seconds")
    return datetime.fromtimestamp(seconds, UTC)
