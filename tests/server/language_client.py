"""An editor, as far as a language server sees it: frames over the standard streams of `oschema lsp`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any

from tests.waiting import PATIENCE


class Editor:
    """Starts the server in `folder`; as a context it shuts the server down at its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "codegen", "lsp"]
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._count = 0
        self._told: deque[dict[str, Any]] = deque()
        self._versions: dict[str, int] = {}
        answer = self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.offered: dict[str, Any] = answer["capabilities"]
        """What the server says that it can do."""
        self.tell("initialized", {})

    def __enter__(self) -> Editor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                assert self.ask("shutdown", None) is None
                self.tell("exit", None)
                assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            self.process.communicate()

    # --- frames -------------------------------------------------------------------------------------------------

    def tell(self, method: str, params: object) -> None:
        self._send({"method": method, **({} if params is None else {"params": params})})

    def ask(self, method: str, params: object) -> Any:
        """The result; an error fails the test. What the server tells meanwhile is kept."""
        message = self._asked(method, params)
        assert "error" not in message, message
        return message["result"]

    def refused(self, method: str, params: object) -> int:
        """The code of the error."""
        code: int = self._asked(method, params)["error"]["code"]
        return code

    def garbled(self) -> int:
        """Send what is no JSON; the code of the error, which answers no call by name."""
        self._write(b"{")
        code: int = self._answer(None)["error"]["code"]
        return code

    def _asked(self, method: str, params: object) -> dict[str, Any]:
        self._count += 1
        self._send({"id": self._count, "method": method, **({} if params is None else {"params": params})})
        return self._answer(self._count)

    def _answer(self, number: int | None) -> dict[str, Any]:
        while "method" in (message := self._receive()):
            self._told.append(message)
        assert message["id"] == number, message
        return message

    def _send(self, message: dict[str, Any]) -> None:
        self._write(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """What the server says next; one that is silent is killed."""
        silent = Timer(PATIENCE, self.process.kill)
        silent.start()
        try:
            return self._message()
        finally:
            silent.cancel()

    def _message(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            assert line, "the server ended"
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    # --- files --------------------------------------------------------------------------------------------------

    def uri(self, path: str) -> str:
        return (self.folder / path).as_uri()

    def open(self, path: str, text: str | None = None) -> list[dict[str, Any]]:
        """Open a file, with a text that was not saved where one is given; what is found in it."""
        self._versions[path] = 1
        shown = (self.folder / path).read_text() if text is None else text
        document = {"uri": self.uri(path), "languageId": "oschema", "version": 1, "text": shown}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.found(path)

    def type(self, path: str, text: str) -> list[dict[str, Any]]:
        """Change an open file's text; what is found in it now."""
        self._versions[path] += 1
        self.change(path, text)
        return self.found(path)

    def change(self, path: str, text: str) -> None:
        document = {"uri": self.uri(path), "version": self._versions[path]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def found(self, path: str) -> list[dict[str, Any]]:
        """The next findings of a file, of the version that was sent last where it is open."""
        while True:
            message = self._told.popleft() if self._told else self._receive()
            params = message.get("params", {})
            if (message.get("method"), params.get("uri")) != ("textDocument/publishDiagnostics", self.uri(path)):
                continue
            if params.get("version") == self._versions.get(path):
                found: list[dict[str, Any]] = params["diagnostics"]
                return found

    def close(self, path: str) -> list[dict[str, Any]]:
        """Close a file without saving it; what is found in what is on disk."""
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})
        del self._versions[path]
        return self.found(path)

    def at(self, path: str, line: int, character: int) -> dict[str, Any]:
        """Where a cursor stands, counted from 0."""
        return {"textDocument": {"uri": self.uri(path)}, "position": {"line": line, "character": character}}
