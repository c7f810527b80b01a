"""A call while the network is cut: it says that the vendor could not be reached, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen.runtime.testing.network import no_network
from generated.errors.onboarding import ProviderUnavailable


def check_unavailable(plugin: Any, name: str, call: Callable[[Any], object]) -> None:
    """`plugin` has no connection open; one that uses no network may answer."""
    with no_network() as tried:
        try:
            answer = call(plugin)
        except ProviderUnavailable:
            return
        except Exception as error:
            raise AssertionError(
                f"the vendor could not be reached, and {name} raised {type(error).__name__}; raise ProviderUnavailable"
            ) from error
        if tried:
            pytest.fail(f"the vendor could not be reached, and {name} answered {answer!r}")
