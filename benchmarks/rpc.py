"""The same calls served by us and by what a Python developer would pick instead, side by side in one run.

`nox -s bench -- rpc [--seconds S] [--rounds N] [--only "read,write,keyed write,page,batch"]
[--peers NAME,NAME] [--before REF]`; needs wrk (`nox -s system`).

Every server is one process pinned to one core, wrk to another; rounds go round the servers, medians are compared.
A peer runs twice: as its documentation writes it (ORM per call), and with our own kept SQL text; that again on uvicorn
without its faster event loop and parser. All open the database alike, so a write is as durable everywhere.
Ratios by CPU compare processor time per request and hold on a busy machine; those of requests/s need an idle one.
A round in which a server answered nothing, as may be on such a machine, is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.before import earlier_tree
from codegen.runtime.processes import end_with

ROOT = Path(__file__).resolve().parent.parent
PEERS = "benchmarks.rpc_peers"
SID = "acc000042"
ACCOUNTS = 1000
CONNECTIONS = 16

UVICORN = ("uvicorn", "--no-access-log", "--log-level", "error", "--port", "{port}")
"""With uvloop and httptools, which `uvicorn[standard]` brings."""
PLAIN = (*UVICORN, "--loop", "asyncio", "--http", "h11")
"""What `pip install uvicorn` gives."""
GRANIAN = (
    "granian",
    "--interface",
    "wsgi",
    "--blocking-threads",
    "1",
    "--no-ws",
    "--log-level",
    "error",
    "--port",
    "{port}",
)
GUNICORN = ("gunicorn", "--log-level", "error", "--threads", "4", "--bind", "127.0.0.1:{port}")


@dataclass(frozen=True)
class Server:
    """`aim` is the ratio ours / this that a read is to reach, from the design; `rest`: no envelope, own paths."""

    name: str
    command: tuple[str, ...]
    mode: str = "sql"
    aim: float | None = None
    rest: bool = False
    echo: bool = False
    root: Path = ROOT
    """The working tree that it runs in."""


OURS = Server("ours", (f"{PEERS}.ours_app", "{port}"))
SERVERS = [
    OURS,
    Server("fastapi-jsonrpc, same SQL", (*UVICORN, f"{PEERS}.fastapi_jsonrpc_app:app"), "sql", 5.5),
    Server("FastAPI REST, same SQL", (*UVICORN, f"{PEERS}.fastapi_rest_app:app"), "sql", 3.5, rest=True),
    Server("openrpc, same SQL", (*UVICORN, f"{PEERS}.openrpc_app:app"), "sql", 2.0),
    Server("jsonrpcserver + Flask, same SQL", (*GUNICORN, f"{PEERS}.jsonrpcserver_app:app"), "sql"),
    Server("fastapi-jsonrpc, same SQL, plain uvicorn", (*PLAIN, f"{PEERS}.fastapi_jsonrpc_app:app"), "sql", 5.5),
    Server("FastAPI REST, same SQL, plain uvicorn", (*PLAIN, f"{PEERS}.fastapi_rest_app:app"), "sql", 3.5, rest=True),
    Server("openrpc, same SQL, plain uvicorn", (*PLAIN, f"{PEERS}.openrpc_app:app"), "sql", 2.5),
    Server("fastapi-jsonrpc, as documented", (*UVICORN, f"{PEERS}.fastapi_jsonrpc_app:app"), "orm", 9.0),
    Server("FastAPI REST, as documented", (*UVICORN, f"{PEERS}.fastapi_rest_app:app"), "orm", 7.0, rest=True),
    Server("openrpc, as documented", (*UVICORN, f"{PEERS}.openrpc_app:app"), "orm", 6.0),
    Server("fastapi-jsonrpc, as documented, plain uvicorn", (*PLAIN, f"{PEERS}.fastapi_jsonrpc_app:app"), "orm", 9.0),
    Server(
        "FastAPI REST, as documented, plain uvicorn", (*PLAIN, f"{PEERS}.fastapi_rest_app:app"), "orm", 7.0, rest=True
    ),
    Server("openrpc, as documented, plain uvicorn", (*PLAIN, f"{PEERS}.openrpc_app:app"), "orm", 6.0),
    Server("jsonrpcserver + Flask, as documented", (*GUNICORN, f"{PEERS}.jsonrpcserver_app:app"), "orm"),
    Server("ceiling: Falcon echo", (*GRANIAN, f"{PEERS}.falcon_echo_app:app"), aim=0.5, echo=True),
    Server("ceiling: bare granian", (*GRANIAN, f"{PEERS}.granian_bare_app:app"), echo=True),
]


def call(method: str, params: dict[str, object], number: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "method": method, "params": params, "id": number}


READ = call("account.get", {"sid": SID})
OPERATIONS: dict[str, object] = {
    "read": READ,
    "write": call("visits.record", {"key": "KEY", "email": "a@example.org", "seconds": 7}),
    "keyed write": call("visits.record_keyed", {"key": "KEY", "email": "a@example.org", "seconds": 7}),
    "page": call("account.list_full", {"limit": 100}),
    "batch": [call("account.get", {"sid": f"acc{n:06}"}, n) for n in range(50)],
}
REST_PATHS = {"read": ("GET", f"/accounts/{SID}"), "page": ("GET", "/accounts?limit=100"), "write": ("POST", "/visits")}


def wrk_script(server: Server, operation: str) -> str | None:
    """The request as Lua for wrk; None where a server has no such call. Every second write repeats a key."""
    method, path = ("POST", "/rpc")
    payload = OPERATIONS[operation]
    if operation == "keyed write" and server is not OURS:
        return None
    if server.rest:
        if operation not in REST_PATHS:
            return None
        method, path = REST_PATHS[operation]
        payload = payload["params"] if isinstance(payload, dict) else payload
    body = "" if method == "GET" else json.dumps(payload)
    lines = [
        f'wrk.method = "{method}"',
        f'wrk.path = "{path}"',
        'wrk.headers["content-type"] = "application/json"',
        f"local body = [==[{body}]==]",
    ]
    if "write" in operation:
        lines += [
            f'local n, run = 0, "{os.urandom(6).hex()}"',
            "request = function()",
            "  n = n + 1",
            '  return wrk.format(nil, nil, nil, (body:gsub("KEY", run .. math.floor(n / 2))))',
            "end",
        ]
    else:
        lines += ["wrk.body = body"] if body else []
    return "\n".join(lines)


@dataclass
class Figures:
    """`costs`: microseconds of processor time a request; unlike rates they hold on a machine that is not idle."""

    rates: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def cost(self) -> float:
        return statistics.median(self.costs)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def earlier(ref: str, folder: Path) -> Server:
    """Ours as it was at a git ref, in a tree of its own, started as it was started then."""
    earlier_tree(ref, folder)
    print_command = "import json; from benchmarks.rpc import OURS; print(json.dumps(OURS.command))"
    printed = subprocess.run([sys.executable, "-c", print_command], check=True, cwd=folder, capture_output=True).stdout
    return Server(f"ours at {ref}", tuple(json.loads(printed)), root=folder)


def prepare(folder: Path, root: Path) -> dict[str, str]:
    """Generate code for the benchmark's schema, make the database and fill it; gives the servers' environment."""
    schemas = folder / "schemas"
    folder.mkdir(exist_ok=True)
    shutil.copytree(root / "benchmarks" / "rpc_schemas", schemas)
    database = folder / "bench.db"
    run = [sys.executable, "-m", "codegen"]
    environment = {**os.environ, "BENCH_DATABASE": str(database), "PYTHONPATH": f"{root}:{folder}"}
    commands: list[list[str | Path]] = [
        [*run, "generate", "--schemas", schemas, "--out", folder / "bench_generated"],
        [*run, "migrate", "plan", "--schemas", schemas, "--slug", "initial"],
        [*run, "migrate", "apply", "--schemas", schemas, "--database", f"sqlite:///{database}"],
        [sys.executable, "-m", f"{PEERS}.fill", str(ACCOUNTS)],
    ]
    for command in commands:
        subprocess.run(command, check=True, cwd=root, env=environment)
    return environment


def start(server: Server, environment: dict[str, str], port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Ours writes a structured line per call to `log`, as in production; the peers write none. It ends with us."""
    ours = os.getpid()
    program, *rest = (part.format(port=port) for part in server.command)
    process = subprocess.Popen(
        [sys.executable, "-m", program, *rest],
        cwd=server.root,
        start_new_session=True,
        stdout=log,
        stderr=log,
        env={**environment, "BENCH_MODE": server.mode},
        preexec_fn=lambda: end_with(ours),
    )
    os.sched_setaffinity(process.pid, {0})
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return process
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{server.name} did not start") from None
            time.sleep(0.05)


def answer(server: Server, operation: str, port: int) -> object:
    """One real answer, to see that the server does the work that is measured."""
    method, path = REST_PATHS[operation] if server.rest else ("POST", "/rpc")
    payload = OPERATIONS[operation]
    if server.rest and isinstance(payload, dict):
        payload = payload["params"]
    body = None if method == "GET" else json.dumps(payload).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"content-type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def verify(server: Server, operation: str, port: int) -> None:
    if server.echo:
        return
    got = answer(server, operation, port)
    text = json.dumps(got)
    right = {
        "read": "user42@example.org" in text,
        "page": text.count("@example.org") == 100,
        "write": "error" not in text,
        "keyed write": "error" not in text,
        "batch": text.count("@example.org") == 50,
    }[operation]
    if not right:
        raise SystemExit(f"{server.name} answers {operation} wrongly: {text[:300]}")


def processor_time(group: int) -> float:
    """Seconds that the living processes of a group have run, to the nanosecond: a round may be few ticks long."""
    seconds = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                seconds += time.clock_gettime(~int(stat.parent.name) << 3 | 2)  # as clock_getcpuclockid(3) makes it
    return seconds


def measure(server: Server, process: int, port: int, script: Path, seconds: int) -> tuple[float, float, float] | None:
    """Requests per second, the 99th percentile in milliseconds, microseconds of processor time a request; None where
    nothing was answered."""
    before = processor_time(process)
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script, f"http://127.0.0.1:{port}"],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {1}),
    ).stdout
    if re.search(r"Non-2xx|Socket errors: .*(connect|read|write) [1-9]", output):
        raise SystemExit(f"{server.name} failed under load:\n{output}")
    served = int(re.search(r"(\d+) requests in", output).group(1))  # type: ignore[union-attr]
    if not served:
        return None
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()  # type: ignore[union-attr]
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)  # type: ignore[union-attr]
    cost = (processor_time(process) - before) / served * 1e6
    return float(rate), float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit], cost


def compare(
    operation: str,
    servers: list[Server],
    environments: dict[Path, dict[str, str]],
    rounds: int,
    seconds: int,
    folder: Path,
) -> None:
    ports = {server.name: free_port() for server in servers}
    figures = {server.name: Figures() for server in servers}
    running: list[subprocess.Popen[bytes]] = []
    log = (folder / "servers.log").open("wb")
    scripts: dict[str, Path] = {}
    try:
        for server in servers:
            running.append(start(server, environments[server.root], ports[server.name], log))
            verify(server, operation, ports[server.name])
        for number in range(rounds + 1):
            for index, server in enumerate(servers):
                scripts[server.name] = folder / f"{operation}{index}.lua"
                scripts[server.name].write_text(wrk_script(server, operation) or "")
                measured = measure(
                    server, running[index].pid, ports[server.name], scripts[server.name], seconds if number else 1
                )
                if number and measured is not None:  # the first round warms up
                    figures[server.name].rates.append(measured[0])
                    figures[server.name].p99.append(measured[1])
                    figures[server.name].costs.append(measured[2])
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            process.wait(10)
        log.close()
    print(f"\n{operation}: {rounds} rounds of {seconds} s, {CONNECTIONS} connections, one worker on one core")
    print(*table(operation, servers, figures), sep="\n")


def table(operation: str, servers: list[Server], figures: Mapping[str, Figures]) -> list[str]:
    """The lines of a comparison, the most requests first."""
    answered = [server for server in servers if figures[server.name].rates]
    ours = figures[OURS.name] if OURS in answered else None
    lines = [f"{'':48}{'requests/s':>12}{'p99 ms':>9}{'µs CPU':>9}{'ours / it':>11}{'by CPU':>9}{'aim':>8}"]
    for server in sorted(answered, key=lambda item: -figures[item.name].rate):
        mine = figures[server.name]
        line = f"{server.name:48}{mine.rate:12,.0f}{statistics.median(mine.p99):9.1f}{mine.cost:9.1f}"
        if ours is not None:
            aim = "" if server.aim is None or operation != "read" else f"{server.aim:.1f} ×"
            line += f"{ours.rate / mine.rate:9.2f} ×{mine.cost / ours.cost:7.2f} ×{aim:>8}"
        lines.append(line)
    return lines + [f"{server.name:48}{'nothing':>12}" for server in servers if server not in answered]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(OPERATIONS))
    parser.add_argument("--peers", default="", help="only peers whose name holds this, or one of these (a,b)")
    parser.add_argument("--before", metavar="REF", help="measure ours at this git ref too")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and the servers are ended
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: run `nox -s system` (Debian's package wrk)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environments = {ROOT: prepare(folder / "now", ROOT)}
        measured = [
            server
            for server in SERVERS
            if server is OURS or any(each in server.name for each in arguments.peers.split(","))
        ]
        if arguments.before:
            measured.insert(1, earlier(arguments.before, folder / "earlier"))
            environments[measured[1].root] = prepare(folder / "before", measured[1].root)
        for operation in arguments.only.split(","):
            servers = [server for server in measured if wrk_script(server, operation) is not None]
            compare(operation, servers, environments, arguments.rounds, arguments.seconds, folder)


if __name__ == "__main__":
    main()
