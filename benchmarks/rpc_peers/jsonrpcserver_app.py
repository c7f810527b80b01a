"""jsonrpcserver on Flask, served by gunicorn."""

from flask import Flask, Response, request
from jsonrpcserver import Result, Success, dispatch, method

from benchmarks.rpc_peers import data

app = Flask(__name__)


@method(name="account.get")
def read(sid: str) -> Result:
    return Success(data.read(sid).model_dump(mode="json"))


@method(name="account.list_full")
def page(limit: int) -> Result:
    return Success([item.model_dump(mode="json") for item in data.page(limit)])


@method(name="visits.record")
def write(key: str, email: str, seconds: int) -> Result:
    return Success(data.write(key, email, seconds))


@app.route("/rpc", methods=["POST"])
def index() -> Response:
    return Response(dispatch(request.get_data().decode()), content_type="application/json")
