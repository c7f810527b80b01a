"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, whatever its case; None where none is near. Ties go to the first by name."""
    by_lower: dict[str, str] = {}
    for candidate in sorted(candidates):
        by_lower.setdefault(candidate.lower(), candidate)
    if len(name) > 200:
        return None
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7 if len(name) > 3 else 0.6)
    return by_lower[found[0]] if found else None
