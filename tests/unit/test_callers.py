"""Whose call it is: that of a user, or of nobody who has anything of their own."""

import pytest

from codegen.runtime.clock import SystemClock
from codegen.runtime.context import ADMIN, PUBLIC, Caller, Context
from codegen.runtime.errors import Unauthorized
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.storage.database import Database


def context(caller: Caller) -> Context:
    return Context(caller, SystemClock(), Database.open("sqlite:///:memory:"), "test")


def test_a_user_has_a_sid() -> None:
    assert user_of(context(Caller("user", "abcd"))) == "abcd"


@pytest.mark.parametrize("caller", [PUBLIC, ADMIN, Caller("node", "n1"), Caller("user")])
def test_nobody_else_is_a_user(caller: Caller) -> None:
    """A node's sid is the name of a node."""
    with pytest.raises(Unauthorized):
        user_of(context(caller))
