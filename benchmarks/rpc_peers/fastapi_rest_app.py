"""FastAPI as a REST server on uvicorn: no JSON-RPC envelope, no batches."""

from fastapi import FastAPI
from pydantic import BaseModel, Field

from benchmarks.rpc_peers import data

app = FastAPI()


class Visit(BaseModel):
    key: str = Field(min_length=1, max_length=64)
    email: str
    seconds: int = Field(ge=0)


@app.get("/accounts/{sid}")
async def read(sid: str) -> data.AccountOut:
    return data.read(sid)


@app.get("/accounts")
async def page(limit: int = 100) -> list[data.AccountOut]:
    return data.page(limit)


@app.post("/visits")
async def write(visit: Visit) -> bool:
    return data.write(visit.key, visit.email, visit.seconds)
