"""The openrpc package behind Starlette on uvicorn."""

from openrpc import RPCApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.rpc_peers import data

rpc = RPCApp()


@rpc.method(name="account.get")
async def read(sid: str) -> data.AccountOut:
    return data.read(sid)


@rpc.method(name="account.list_full")
async def page(limit: int) -> list[data.AccountOut]:
    return data.page(limit)


@rpc.method(name="visits.record")
async def write(key: str, email: str, seconds: int) -> bool:
    return data.write(key, email, seconds)


async def api(request: Request) -> Response:
    return Response(await rpc.process((await request.body()).decode()), media_type="application/json")


app = Starlette(routes=[Route("/rpc", api, methods=["POST"])])
