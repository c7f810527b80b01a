"""What generated conformance kits check of a plugin: the cases, shared by all interfaces.

A plugin's author subclasses the kit of an interface in a test module and runs pytest:

    class TestParcels(CarrierConformance):
        provider = ParcelCarrier
        calls = {"capabilities": [{}], "track": [{"parcel_ref": "p-1"}]}
        skip = {"recall.calls": "the test account cannot recall"}

`calls` are calls that must succeed, with their arguments by name; one that needs something to be there first is a
function of the plugin that makes it and answers the arguments. Every other input is made up.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, ValidationError

from codegen.runtime.errors import DeclaredError
from codegen.runtime.plugins.registry import metadata_problems

Arguments = Mapping[str, Any]
Call = Arguments | Callable[[Any], Arguments]
Probe = tuple[str, Arguments]
"""A method and its arguments."""

HOSTILE: Mapping[type, tuple[Any, ...]] = {
    str: ("", " ", "\x00", "../../etc/passwd", "' OR 1=1 --", "line\nbreak", "é" * 5000, "\U0001f4a5"),
    int: (-1, 0, 2**31, 2**64),
    bytes: (b"", b"\x00", b"\xff\xfe" * 5000),
}
"""What a careless caller may hand over: values of the right Python type that the schema's rules forbid, or only just
allow. A struct cannot be made with wrong content, so it has none."""


@dataclass(frozen=True)
class MethodContract:
    """One method of an interface. `required` and `optional` are strategies of its arguments by name.

    `result` is the annotation of what it answers. With `idempotent`, the same call twice answers the same.
    """

    name: str
    required: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    optional: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    result: Any = None
    errors: tuple[type[DeclaredError], ...] = ()
    safe: bool = False
    idempotent: bool = False

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.result)

    @cached_property
    def arguments(self) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(dict(self.required), optional=dict(self.optional))

    @property
    def cases(self) -> Iterator[str]:
        yield f"{self.name}.signature"
        yield f"{self.name}.calls"
        yield f"{self.name}.arbitrary"
        yield f"{self.name}.invalid"
        if self.idempotent:
            yield f"{self.name}.repeat"
        if self.safe:
            yield f"{self.name}.safe"


class Conformance:
    """The base of all kits. `provider` is the plugin's class; a kit's author may override `make` and `state`."""

    contracts: ClassVar[Mapping[str, MethodContract]] = {}
    provider: ClassVar[type[Any]]
    calls: ClassVar[Mapping[str, Sequence[Call]]] = {}
    skip: ClassVar[Mapping[str, str]] = {}
    """Case → the reason why it does not fit this plugin."""
    examples: ClassVar[int] = 25
    """Made-up calls of each method."""

    def make(self) -> Any:
        """A plugin ready to be called; the default needs no settings. Each case has its own."""
        return self.provider()

    def state(self, plugin: Any, probes: Sequence[Probe]) -> Any:
        """What a safe method must leave as it is; by default the answers to `probes`, calls of safe methods."""
        return [_answer(plugin, method, arguments) for method, arguments in probes]

    # --- of the whole ---------------------------------------------------------------------------------------------

    def test_skips(self) -> None:
        """A skip names a case and has its reason; calls name methods."""
        cases = {"metadata", *(case for contract in self.contracts.values() for case in contract.cases)}
        unknown = sorted(self.skip.keys() - cases)
        assert not unknown, f"skip names no case of this kit: {', '.join(unknown)}; it has {', '.join(sorted(cases))}"
        silent = sorted(case for case, reason in self.skip.items() if not reason.strip())
        assert not silent, f"a skip needs its reason: {', '.join(silent)}"
        strangers = sorted(self.calls.keys() - self.contracts.keys())
        assert not strangers, f"calls names no method of the interface: {', '.join(strangers)}"

    def test_metadata(self) -> None:
        """The plugin says its name, version, capabilities and settings."""
        self._skip("metadata")
        found = metadata_problems(getattr(self.provider, "metadata", None))
        assert not found, f"{self.provider.__name__}: {'; '.join(found)}"

    # --- of one method, called by the generated tests -------------------------------------------------------------

    def check_signature(self, method: str) -> None:
        """The method can be called as the interface says: by position as far as required, optional ones by name."""
        contract = self._begin("signature", method)
        bound = getattr(self.make(), method, None)
        assert callable(bound), f"{method} is missing"
        assert not getattr(bound, "__isabstractmethod__", False), f"{method} is still abstract"
        assert not inspect.iscoroutinefunction(bound), f"{method} is async; the interface is not"
        signature = inspect.signature(bound)
        required, optional = list(contract.required), list(contract.optional)
        for positional, named in (([], [*required, *optional]), (required, optional), (required, [])):
            try:
                signature.bind(*positional, **dict.fromkeys(named))
            except TypeError as error:
                given_names = ", ".join([*positional, *(f"{name}=…" for name in named)])
                pytest.fail(f"{method}{signature} cannot be called as {method}({given_names}): {error}")

    def check_calls(self, method: str) -> None:
        """Calls that must succeed do, and answer what the interface declares."""
        contract = self._begin("calls", method)
        plugin = self.make()
        calls = list(self._good(plugin, contract))
        assert calls, (
            f"give at least one call of {method} that succeeds in `calls`, "
            f"or say in `skip` why there is none: {method}.calls"
        )
        for arguments in calls:
            try:
                result = getattr(plugin, method)(**arguments)
            except Exception as error:
                raise AssertionError(
                    f"{method}({_listed(arguments)}) must succeed and raised {_named(error)}"
                ) from error
            self._check_result(contract, arguments, result)

    def check_arbitrary(self, method: str) -> None:
        """Whatever valid arguments it is given, it answers what is declared or raises what is declared."""
        contract = self._begin("arbitrary", method)
        plugin = self.make()

        @settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(contract.arguments)
        def check(arguments: dict[str, Any]) -> None:
            before = _described(arguments)
            try:
                result = getattr(plugin, method)(**arguments)
            except contract.errors as error:
                self._check_error(contract, error)
            except Exception as error:
                raise AssertionError(
                    f"{method}({before}) raised {_named(error)}, which the interface does not declare; it declares "
                    f"{_classes(contract.errors)}"
                ) from error
            else:
                self._check_result(contract, arguments, result)
            assert _described(arguments) == before, f"{method} changed its arguments"

        check()

    def check_invalid(self, method: str) -> None:
        """Values that break the schema's rules are refused by a declared error, a ValueError or a TypeError."""
        contract = self._begin("invalid", method)
        plugin = self.make()
        accepted: tuple[type[Exception], ...] = (*contract.errors, ValueError, TypeError)
        valid = _simplest(contract)
        for name, sample in valid.items():
            for value in next((values for kind, values in HOSTILE.items() if isinstance(sample, kind)), ()):
                try:
                    getattr(plugin, method)(**{**valid, name: value})
                except accepted:
                    continue
                except Exception as error:
                    raise AssertionError(
                        f"{method}({name}={repr(value)[:60]}) leaks {_named(error)}; refuse it with a declared error "
                        f"({_classes(contract.errors)}) or a ValueError"
                    ) from error

    def check_repeat(self, method: str) -> None:
        """The same call twice answers the same."""
        contract = self._begin("repeat", method)
        plugin = self.make()
        for arguments in self._good(plugin, contract):
            first = _compared(getattr(plugin, method)(**arguments))
            second = _compared(getattr(plugin, method)(**arguments))
            assert first == second, (
                f"{method} is idempotent, and {method}({_listed(arguments)}) answered {first!r}, then {second!r}"
            )

    def check_safe(self, method: str) -> None:
        """It changes nothing that it or another safe method shows, nor what `state` shows."""
        contract = self._begin("safe", method)
        plugin = self.make()
        own = [(method, arguments) for arguments in self._good(plugin, contract)]
        others = [
            (other.name, arguments)
            for other in self.contracts.values()
            if other.safe and other.name != method
            for arguments in self._good(plugin, other)
        ]
        # Another method that is not steady by itself fails its own check; here it would blame this one.
        steady = [probe for probe in others if _answer(plugin, *probe) == _answer(plugin, *probe)]
        for _, arguments in own:
            before = copy.deepcopy(self.state(plugin, [*steady, *own]))
            getattr(plugin, method)(**arguments)
            after = self.state(plugin, [*steady, *own])
            assert before == after, (
                f"{method} is safe, and {method}({_listed(arguments)}) changed the state: {before!r} became {after!r}"
            )

    # ---------------------------------------------------------------------------------------------------------------

    def _begin(self, case: str, method: str) -> MethodContract:
        self._skip(f"{method}.{case}")
        return self.contracts[method]

    def _skip(self, case: str) -> None:
        if reason := self.skip.get(case, "").strip():
            pytest.skip(reason)

    def _good(self, plugin: Any, contract: MethodContract) -> Iterator[Arguments]:
        """The calls that must succeed; a method that needs no arguments has one by itself."""
        given_calls = self.calls.get(contract.name, () if contract.required else ({},))
        for call in given_calls:
            yield call(plugin) if callable(call) else call

    def _check_result(self, contract: MethodContract, arguments: Arguments, result: Any) -> None:
        called = f"{contract.name}({_listed(arguments)})"
        if inspect.isawaitable(result):
            result.close() if inspect.iscoroutine(result) else None
            pytest.fail(f"{called} answered an awaitable; the interface is not async")
        try:
            contract.adapter.validate_python(result, strict=True)
            # A model made without validation passes as an instance; its JSON shows what it holds.
            contract.adapter.validate_json(contract.adapter.dump_json(result, warnings="error"))
        except (ValidationError, PydanticSerializationError) as error:
            raise AssertionError(
                f"{called} answered {repr(result)[:200]}, which is no {contract.result}: {error}"
            ) from error

    @staticmethod
    def _check_error(contract: MethodContract, error: DeclaredError) -> None:
        data = error.data()
        assert isinstance(data, Mapping), f"{contract.name} raised {_named(error)} whose data is {data!r}"


def _simplest(contract: MethodContract) -> Arguments:
    """Valid arguments, all of them and none null, always the same."""
    found: list[dict[str, Any]] = []
    every = {
        name: strategy.filter(lambda value: value is not None)
        for name, strategy in {**contract.required, **contract.optional}.items()
    }

    @settings(
        max_examples=1,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.fixed_dictionaries(every))
    def look(arguments: dict[str, Any]) -> None:
        found.append(arguments)

    look()
    return found[0]


def _answer(plugin: Any, method: str, arguments: Arguments) -> Any:
    """What can be compared of an answer, or the kind of error instead."""
    try:
        return _compared(getattr(plugin, method)(**arguments))
    except Exception as error:
        return f"raised {type(error).__name__}"


def _compared(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json", fallback=lambda other: type(other).__name__)


def _described(arguments: Arguments) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _listed(arguments: Arguments) -> str:
    text = _described(arguments)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _classes(errors: Sequence[type[DeclaredError]]) -> str:
    return ", ".join(error.__name__ for error in errors) or "none"
