"""What verification needs of payments: credit that is held until somebody is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HeldCredit:
    """`release` sets a user's free; it is called inside `transaction`, in which nobody else posts."""

    transaction: Callable[[Callable[[], Any]], Any]
    release: Callable[[str], None]
