"""A call while the network is cut: it says that the vendor could not be reached, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen.runtime.errors import DeclaredError
from codegen.runtime.testing.network import no_network
from generated.errors.onboarding import ProviderUnavailable


def check_unavailable(
    plugin: Any, name: str, call: Callable[[Any], object], said_by: type[DeclaredError] = ProviderUnavailable
) -> None:
    """`plugin` has no connection open; one that uses no network may answer."""
    with no_network() as tried:
        try:
            answer = call(plugin)
        except said_by:
            return
        except Exception as error:
            raise AssertionError(
                f"the vendor could not be reached, and {name} raised {type(error).__name__}; raise {said_by.__name__}"
            ) from error
        if tried:
            pytest.fail(f"the vendor could not be reached, and {name} answered {answer!r}")
