"""What generated conformance kits check of a plugin: the cases, shared by all interfaces.

A plugin's author subclasses the kit of an interface in a test module and runs pytest:

    class TestParcels(CarrierConformance):
        provider = ParcelCarrier
        calls = {"capabilities": [{}], "track": [{"parcel_ref": "p-1"}]}
        skip = {"recall_answers_what_is_declared": "the test account cannot recall"}

`calls` are calls that must succeed, with their arguments by name; one that needs something to be there first is a
function of the plugin that makes it and answers the arguments. Every other input is made up. `skip` names tests,
without `test_`. Each test ends after `patience` seconds, and says where a call hangs.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydantic_core import PydanticSerializationError, ValidationError

from codegen.runtime.errors import DeclaredError
from codegen.runtime.plugins.registry import metadata_problems
from codegen.runtime.testing.arguments import (
    RAISED,
    Arguments,
    answer,
    at,
    classes,
    compared,
    described,
    hostile,
    items,
    listed,
    named,
)
from codegen.runtime.testing.cases import case, cases, within
from codegen.runtime.testing.contract import MethodContract
from codegen.runtime.testing.network import no_network
from codegen.runtime.testing.secrets import Told, has_secrets
from codegen.runtime.testing.zones import naive_times

__all__ = ["MOST_PAGES", "Conformance", "MethodContract", "case"]

Call = Arguments | Callable[[Any], Arguments]
Probe = tuple[str, Arguments]
"""A method and its arguments."""
MOST_PAGES = 1000


class Conformance:
    """The base of all kits. `provider` is the plugin's class; a kit's author may override `make` and `state`."""

    contracts: ClassVar[Mapping[str, MethodContract]] = {}
    provider: ClassVar[type[Any]]
    calls: ClassVar[Mapping[str, Sequence[Call]]] = {}
    skip: ClassVar[Mapping[str, str]] = {}
    """Test, without `test_` → the reason why it does not fit this plugin."""
    secrets: ClassVar[Sequence[str]] = ()
    """The values of secret settings that `make` gives the plugin; nothing that it says may hold one."""
    patience: ClassVar[float] = 60
    """Seconds that a test may take."""
    examples: ClassVar[int] = 25
    """Made-up calls of each method."""

    def make(self) -> Any:
        """A plugin ready to be called; the default needs no settings. Each case has its own."""
        return self.provider()

    def state(self, plugin: Any, probes: Sequence[Probe]) -> Any:
        """What a safe method must leave as it is; by default the answers to `probes`, calls of safe methods."""
        return [answer(plugin, method, arguments) for method, arguments in probes]

    def good_calls(self, plugin: Any, method: str) -> Iterator[Arguments]:
        """The calls that must succeed, with their arguments; a method that needs no arguments has one by itself."""
        for call in self.calls.get(method, () if self.contracts[method].required else ({},)):
            yield call(plugin) if callable(call) else call

    # --- of the whole ---------------------------------------------------------------------------------------------

    @case
    def test_skips_and_calls_name_what_exists(self) -> None:
        """A skip names a test and has its reason; calls name methods."""
        known = cases(type(self))
        unknown = sorted(self.skip.keys() - known)
        assert not unknown, f"skip names no test of this kit: {', '.join(unknown)}; it has {', '.join(known)}"
        silent = sorted(name for name, reason in self.skip.items() if not reason.strip())
        assert not silent, f"a skip needs its reason: {', '.join(silent)}"
        strangers = sorted(self.calls.keys() - self.contracts.keys())
        assert not strangers, f"calls names no method of the interface: {', '.join(strangers)}"

    @case
    def test_its_metadata_is_in_order(self) -> None:
        """The plugin says its name, version, capabilities and settings."""
        found = metadata_problems(getattr(self.provider, "metadata", None))
        assert not found, f"{self.provider.__name__}: {'; '.join(found)}"

    @case
    def test_no_secret_is_told(self) -> None:
        """No answer, error, log line or `repr` holds a secret that the plugin was given."""
        model = getattr(getattr(self.provider, "metadata", None), "settings", None)
        assert self.secrets or not has_secrets(model), (
            "the plugin's settings have secrets: name those that `make` gives in `secrets`"
        )
        if not self.secrets:
            return
        told = Told(self.secrets)
        with told.output():
            told.texts.append(("its repr", repr(self.make())))
            for contract in self.contracts.values():
                plugin = self.make()
                method = getattr(plugin, contract.name)
                for arguments in [*self.good_calls(plugin, contract.name), contract.simplest, *hostile(contract)]:
                    told.call(contract.name, lambda method=method, arguments=arguments: method(**arguments))  # type: ignore[misc]
        places = told.places()
        assert not places, f"a secret stands in {', '.join(places)}"

    @case
    def test_no_argument_is_changed(self) -> None:
        """What a caller hands over is the caller's, and the same afterwards."""
        for method, arguments, call in self._every_call():
            before = described(arguments)
            with suppress(Exception):  # its own test says so
                call(**arguments)
            assert described(arguments) == before, f"{method} changed its arguments {before} to {described(arguments)}"

    @case
    def test_times_name_their_zone(self) -> None:
        """A time without a zone is another moment on another machine."""
        for method, arguments, call in self._every_call():
            with suppress(Exception):
                naive = list(naive_times(call(**arguments), method))
                if naive:
                    pytest.fail(f"{method}({listed(arguments)}): no zone in {', '.join(naive)}")

    def _every_call(self) -> Iterator[tuple[str, Arguments, Callable[..., Any]]]:
        """The calls that must succeed, of all methods."""
        for contract in self.contracts.values():
            plugin = self.make()
            for arguments in self.good_calls(plugin, contract.name):
                yield contract.name, arguments, getattr(plugin, contract.name)

    # --- of one method, called by the generated tests -------------------------------------------------------------

    def check_signature(self, method: str) -> None:
        """The method can be called as the interface says: by position as far as required, optional ones by name."""
        contract = self.contracts[method]
        bound = getattr(self.make(), method, None)
        assert callable(bound), f"{method} is missing"
        assert not getattr(bound, "__isabstractmethod__", False), f"{method} is still abstract"
        assert not inspect.iscoroutinefunction(bound), f"{method} is async; the interface is not"
        signature = inspect.signature(bound)
        required, optional = list(contract.required), list(contract.optional)
        for positional, by_name in (([], [*required, *optional]), (required, optional), (required, [])):
            try:
                signature.bind(*positional, **dict.fromkeys(by_name))
            except TypeError as error:
                given_names = ", ".join([*positional, *(f"{name}=…" for name in by_name)])
                pytest.fail(f"{method}{signature} cannot be called as {method}({given_names}): {error}")

    def check_calls(self, method: str) -> None:
        """Calls that must succeed do, and answer what the interface declares."""
        contract = self.contracts[method]
        plugin = self.make()
        calls = list(self.good_calls(plugin, contract.name))
        assert calls, (
            f"give at least one call of {method} that succeeds in `calls`, or say in `skip` why there is none: "
            f"{method}_answers_what_is_declared"
        )
        for arguments in calls:
            self._check_result(contract, arguments, self._succeeding(plugin, method, arguments))

    def check_arbitrary(self, method: str) -> None:
        """Whatever valid arguments it is given, it answers what is declared or raises what is declared."""
        contract = self.contracts[method]
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
            before = described(arguments)
            try:
                result = getattr(plugin, method)(**arguments)
            except contract.errors as error:
                self._check_error(contract, error)
            except Exception as error:
                raise AssertionError(
                    f"{method}({before}) raised {named(error)}, which the interface does not declare; it declares "
                    f"{classes(contract.errors)}"
                ) from error
            else:
                self._check_result(contract, arguments, result)
            assert described(arguments) == before, f"{method} changed its arguments"

        check()

    def check_invalid(self, method: str) -> None:
        """Values that break the schema's rules are refused by a declared error, a ValueError or a TypeError."""
        contract = self.contracts[method]
        plugin = self.make()
        accepted: tuple[type[Exception], ...] = (*contract.errors, ValueError, TypeError)
        for arguments in hostile(contract):
            try:
                getattr(plugin, method)(**arguments)
            except accepted:
                continue
            except Exception as error:
                raise AssertionError(
                    f"{method}({listed(arguments)}) leaks {named(error)}; refuse it with a declared error "
                    f"({classes(contract.errors)}) or a ValueError"
                ) from error

    def check_repeat(self, method: str) -> None:
        """The same call twice answers the same."""
        contract = self.contracts[method]
        plugin = self.make()
        for arguments in self.good_calls(plugin, contract.name):
            first = compared(getattr(plugin, method)(**arguments))
            second = compared(getattr(plugin, method)(**arguments))
            assert first == second, (
                f"{method} is idempotent, and {method}({listed(arguments)}) answered {first!r}, then {second!r}"
            )

    def check_safe(self, method: str) -> None:
        """It changes nothing that it or another safe method shows, nor what `state` shows."""
        contract = self.contracts[method]
        plugin = self.make()
        own = [(method, arguments) for arguments in self.good_calls(plugin, contract.name)]
        others = [
            (other.name, arguments)
            for other in self.contracts.values()
            if other.safe and other.name != method
            for arguments in self.good_calls(plugin, other.name)
        ]
        # Another method that is not steady by itself fails its own check; here it would blame this one.
        steady = [probe for probe in others if answer(plugin, *probe) == answer(plugin, *probe)]
        for _, arguments in own:
            before = copy.deepcopy(self.state(plugin, [*steady, *own]))
            getattr(plugin, method)(**arguments)
            after = self.state(plugin, [*steady, *own])
            assert before == after, (
                f"{method} is safe, and {method}({listed(arguments)}) changed the state: {before!r} became {after!r}"
            )

    def check_same(self, method: str) -> None:
        """Fields of the answer that tell what was asked for tell the truth."""
        contract = self.contracts[method]
        plugin = self.make()
        for arguments in self.good_calls(plugin, contract.name):
            result = self._succeeding(plugin, method, arguments)
            for name, path in contract.same.items():
                answered, asked = getattr(result, name), at(arguments, path)
                assert answered is None or answered == asked, (
                    f"{method}({listed(arguments)}) answered {name}={answered!r}, and was asked for {asked!r}"
                )

    def check_deadline(self, method: str) -> None:
        """Calls that must succeed come back in time."""
        contract = self.contracts[method]
        plugin = self.make()
        assert contract.deadline is not None
        for arguments in self.good_calls(plugin, contract.name):
            within(
                min(contract.deadline, self.patience / 2),  # before the whole test is ended
                f"{method}({listed(arguments)})",
                lambda arguments=arguments: self._succeeding(plugin, method, arguments),  # type: ignore[misc]
            )

    def check_offline(self, method: str) -> None:
        """It does its work without a network."""
        contract = self.contracts[method]
        plugin = self.make()
        for arguments in self.good_calls(plugin, contract.name):
            with no_network() as tried:
                answered = answer(plugin, method, arguments)
            assert not tried, f"{method}({listed(arguments)}) is @offline, and tried {', '.join(tried)}"
            assert not str(answered).startswith(RAISED), f"{method}({listed(arguments)}) {answered}"

    def check_paged(self, method: str) -> None:
        """From page to page there is an end, and nothing comes twice."""
        contract = self.contracts[method]
        plugin = self.make()
        for arguments in self.good_calls(plugin, contract.name):
            cursors: set[str] = set()
            seen: list[Any] = []
            asked = dict(arguments)
            while True:
                page = self._succeeding(plugin, method, asked)
                self._check_result(contract, asked, page)
                for item in items(page):
                    assert item not in seen, f"{method}({listed(asked)}) answered {item!r} a second time"
                    seen.append(item)
                following = page.next_cursor
                if following is None:
                    break
                assert following not in cursors, f"{method}: the pages have no end, {following!r} comes again"
                assert len(cursors) < MOST_PAGES, f"{method}: {MOST_PAGES} pages, and no end"
                cursors.add(following)
                asked["cursor"] = following

    # ---------------------------------------------------------------------------------------------------------------

    @staticmethod
    def _succeeding(plugin: Any, method: str, arguments: Arguments) -> Any:
        before = described(arguments)
        try:
            result = getattr(plugin, method)(**arguments)
        except Exception as error:
            raise AssertionError(f"{method}({listed(arguments)}) must succeed and raised {named(error)}") from error
        assert described(arguments) == before, f"{method} changed its arguments"
        return result

    def _check_result(self, contract: MethodContract, arguments: Arguments, result: Any) -> None:
        called = f"{contract.name}({listed(arguments)})"
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
        assert isinstance(data, Mapping), f"{contract.name} raised {named(error)} whose data is {data!r}"
