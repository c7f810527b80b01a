"""fastapi-jsonrpc on uvicorn."""

import fastapi_jsonrpc as jsonrpc
from fastapi import Body

from benchmarks.rpc_peers import data

app = jsonrpc.API()
entry = jsonrpc.Entrypoint("/rpc")


@entry.method(name="account.get")
def read(sid: str = Body(...)) -> data.AccountOut:
    return data.read(sid)


@entry.method(name="account.list_full")
def page(limit: int = Body(...)) -> list[data.AccountOut]:
    return data.page(limit)


@entry.method(name="visits.record")
def write(key: str = Body(...), email: str = Body(...), seconds: int = Body(...)) -> bool:
    return data.write(key, email, seconds)


app.bind_entrypoint(entry)
