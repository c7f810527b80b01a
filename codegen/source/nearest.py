"""The name somebody probably meant: the nearest of those that exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that differs from `name` least, None where none is near; ties go to the first by alphabet."""
    if not name or len(name) > 64:
        return None
    folded = name.lower()
    rest = []
    for candidate in sorted(set(candidates) - {name}):
        lower = candidate.lower()
        if lower.replace("_", "") == folded.replace("_", ""):
            return candidate
        # PERF: measuring likeness is slow; only names of about the same length that share an end are worth it.
        if abs(len(lower) - len(folded)) <= 3 and lower and (lower[0] == folded[0] or lower[-1] == folded[-1]):
            rest.append(candidate)
    matches = get_close_matches(folded, [candidate.lower() for candidate in rest], n=1, cutoff=0.65)
    return next((candidate for candidate in rest if candidate.lower() == matches[0]), None) if matches else None
