"""`oschema lsp`: a language server on standard input and output, for editors."""

from __future__ import annotations

import gc
import json
import os
import select
import sys
from pathlib import Path
from typing import Any

import click

from codegen.commands.language import topic
from codegen.editor.editor import Editor, path_of

_UNKNOWN_METHOD, _WRONG_PARAMS, _NO_JSON = -32601, -32602, -32700
_CAPABILITIES = {
    "textDocumentSync": {"openClose": True, "change": 1, "save": True},
    "documentFormattingProvider": True,
    "hoverProvider": True,
    "definitionProvider": True,
    "referencesProvider": True,
    "documentSymbolProvider": True,
    "completionProvider": {"triggerCharacters": ["@", "&", ".", ":", "[", "!"]},
}


@click.command(name="lsp")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas, below the folder that the editor has open.",
)
def command(schemas: Path) -> None:
    """Serve an editor by the Language Server Protocol: findings while you write, formatting, what a word means, where
    names are declared and used, what may stand where you are, the outline.

    It talks on standard input and output; the editor starts it.
    """
    gc.enable()
    raise SystemExit(Server(schemas, sys.stdin.fileno(), sys.stdout.fileno()).run())


class _Unknown(Exception):
    """A method that this server has not."""


class Server:
    """Reads messages of an editor from one file descriptor and writes answers to another."""

    def __init__(self, schemas: Path, incoming: int, outgoing: int) -> None:
        self._schemas, self._incoming, self._outgoing = schemas, incoming, outgoing
        self._editor = Editor(schemas, topic)
        self._received = b""
        self._changed = self._may_end = False

    def run(self) -> int:
        """Until the editor says `exit` or is gone; the exit code that the protocol asks for."""
        while (body := self._next()) is not None:
            try:
                message = dict(json.loads(body))
            except (ValueError, TypeError) as error:
                self._send({"id": None, "error": {"code": _NO_JSON, "message": str(error)}})
                continue
            if message.get("method") == "exit":
                break
            self._answer(message)
            if self._changed and not self._more():  # who types fast is told once
                self._changed = False
                for found in self._editor.diagnostics():
                    self._send({"method": "textDocument/publishDiagnostics", "params": found})
        return 0 if self._may_end else 1

    def _answer(self, message: dict[str, Any]) -> None:
        try:
            outcome = {"result": self._taken(str(message.get("method")), message.get("params") or {})}
        except _Unknown as error:
            outcome = {"error": {"code": _UNKNOWN_METHOD, "message": f"no method {error}"}}
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            outcome = {"error": {"code": _WRONG_PARAMS, "message": f"wrong parameters: {error}"}}
        if message.get("id") is not None:  # others are told, not asked
            self._send({"id": message["id"], **outcome})

    def _taken(self, method: str, params: dict[str, Any]) -> Any:
        """What is answered to a request."""
        document = params.get("textDocument") or {}
        path = path_of(document["uri"]) if "uri" in document else Path()
        match method:
            case "initialize":
                if params.get("rootUri"):
                    self._editor = Editor(path_of(params["rootUri"]) / self._schemas, topic)
                return {"capabilities": _CAPABILITIES, "serverInfo": {"name": "oschema"}}
            case "initialized" | "textDocument/didSave" | "workspace/didChangeWatchedFiles":
                self._changed = True
            case "textDocument/didOpen":
                self._write(path, document["text"], document.get("version"))
            case "textDocument/didChange":
                self._write(path, params["contentChanges"][-1]["text"], document.get("version"))
            case "textDocument/didClose":
                self._editor.open.pop(path, None)
                self._editor.versions.pop(path, None)
                self._changed = True
            case "textDocument/formatting":
                return self._editor.formatted(path)
            case "textDocument/hover":
                text = self._editor.meaning(path, params["position"])
                return {"contents": {"kind": "markdown", "value": text}} if text else None
            case "textDocument/definition":
                return self._editor.definition(path, params["position"])
            case "textDocument/references":
                itself = params["context"]["includeDeclaration"]
                return self._editor.references(path, params["position"], itself=itself)
            case "textDocument/documentSymbol":
                return self._editor.symbols(path)
            case "textDocument/completion":
                return self._editor.completions(path, params["position"])
            case "shutdown":
                self._may_end = True
            case _:
                raise _Unknown(method)
        return None

    def _write(self, path: Path, text: str, version: int | None) -> None:
        self._editor.open[path] = text.replace("\r\n", "\n")
        self._editor.versions[path] = version
        self._changed = True

    # --- messages -----------------------------------------------------------------------------------------------

    def _next(self) -> bytes | None:
        """The body of the next message; None at the end."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n") if b":" in line)
        length = int(fields.get(b"content-length", b"0"))
        while len(self._received) < length:
            if not self._receive():
                return None
        body, self._received = self._received[:length], self._received[length:]
        return body

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._received:
            if not self._receive():
                return None
        found, _, self._received = self._received.partition(end)
        return found

    def _receive(self) -> bool:
        data = os.read(self._incoming, 65536)
        self._received += data
        return bool(data)

    def _more(self) -> bool:
        """Whether the editor has sent more already."""
        return bool(self._received or select.select([self._incoming], [], [], 0)[0])

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with os.fdopen(os.dup(self._outgoing), "wb") as out:
            out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
