"""Looking for secrets in what a plugin answers, raises, logs and prints."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter

from codegen.runtime.values.struct import is_sensitive


@dataclass
class Told:
    """What was seen of a plugin that was given `secrets`: where, and the text."""

    secrets: Sequence[str]
    texts: list[tuple[str, str]] = field(default_factory=list)

    def call(self, where: str, act: Callable[[], Any]) -> None:
        """Call it, and keep what it answers or raises."""
        try:
            answer = act()
        except Exception as error:
            self.error(where, error)
        else:
            plain = TypeAdapter(Any).dump_python(self._open(answer), mode="json", fallback=repr)
            self.texts += [(f"the answer of {where}", repr(answer)), (f"the answer of {where}", repr(plain))]

    def error(self, where: str, error: BaseException) -> None:
        """An error with those that led to it, which a log shows as well."""
        seen: set[int] = set()
        following: BaseException | None = error
        while following is not None and id(following) not in seen:
            seen.add(id(following))
            shown = f"{following!r} {following} {following.args!r} {vars(following)!r}"
            self.texts.append((f"an error of {where}", shown))
            following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)

    @contextmanager
    def output(self) -> Iterator[None]:
        """Keep what is logged and printed."""
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            self.texts.append(("the log", stream.getvalue()))

    def places(self) -> list[str]:
        """Where one of the secrets stands."""
        return sorted({where for where, text in self.texts if any(secret in text for secret in self.secrets)})

    def _open(self, answer: Any) -> Any:
        """What an answer holds. A secret that is all of a field which the schema calls sensitive is there to be handed
        on; as a part of one, of an address say, it is told."""
        if isinstance(answer, BaseModel):
            given = ((name, getattr(answer, name), info) for name, info in type(answer).model_fields.items())
            return {
                name: self._open(value)
                for name, value, info in given
                if not (is_sensitive(info) and value in self.secrets)
            }
        if isinstance(answer, Mapping):
            return {name: self._open(value) for name, value in answer.items()}
        return [self._open(each) for each in answer] if isinstance(answer, list | tuple) else answer


def has_secrets(settings: type[BaseModel] | None) -> bool:
    """Whether a model of settings has fields that are secret."""
    if settings is None:
        return False
    return any("Secret" in repr(info.annotation) for info in settings.model_fields.values())
