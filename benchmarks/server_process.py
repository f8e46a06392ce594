"""Servers as running processes: starting, waiting, stopping, and their use of resources."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import processes
from databases import postgres
from environment import Environment
from servers import HERE, Peer, bun
from workloads import OPERATIONS

TIMEOUT_SECONDS = 60.0
"""The longest wait for a server to start or to become idle."""
_IDLE_SAMPLES = 3
_IDLE_CPU_SECONDS = 0.02


@dataclass(frozen=True)
class Server:
    """A running server; with PostgreSQL, its process ids are before the server's own."""

    peer: Peer
    port: int
    database: str
    """The path or URL of the database."""
    start_seconds: float
    """The time from the start to the first response."""
    process_ids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """Return the CPU time used since the start."""
        return processes.cpu_seconds(self.process_ids)

    def resident_bytes(self) -> int:
        """Return the memory in use; memory that PostgreSQL's processes share is counted once."""
        return processes.resident_bytes(self.process_ids)

    def wait_until_idle(self) -> None:
        """Wait until the server has finished the requests of closed connections."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        idle = 0
        while idle < _IDLE_SAMPLES and time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.1)
            idle = idle + 1 if self.cpu_seconds() - before <= _IDLE_CPU_SECONDS else 0


@contextmanager
def running(peer: Peer, environment: Environment) -> Iterator[Server]:
    """Run a server on a copy of the database until the block is left."""
    with (
        environment.databases.copy(peer.kind, OPERATIONS) as database,
        running_on(database, peer, environment) as server,
    ):
        yield server


@contextmanager
def running_on(database: Path, peer: Peer, environment: Environment) -> Iterator[Server]:
    """Run a server on a database until the block is left."""
    with ExitStack() as stack:
        address, process_ids = str(database), list[int]()
        if peer.kind.is_postgres:
            prefix = environment.on_server_core()
            address, process_ids = stack.enter_context(postgres(database, prefix=prefix))
        port = _free_port()
        command = [
            part.format(
                port=port,
                database=address,
                python=environment.python,
                node=environment.node,
                bun=bun(),
                gateway=environment.gateway,
            )
            for part in peer.command
        ]
        begin = time.perf_counter()
        process = stack.enter_context(_process(environment.on_server_core(*command)))
        _wait_for_response(process, port)
        seconds = time.perf_counter() - begin
        yield Server(peer, port, address, seconds, (*process_ids, process.pid))


@contextmanager
def unpinned_gateway(*options: str, folder: Path = HERE) -> Iterator[tuple[str, int]]:
    """Run a gateway in ``folder`` on all cores; yield its base URL and its process id."""
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
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "NODE_ENV": "production", "PYTHONPATH": str(HERE)}
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for_response(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            body = '{"query":"{__typename}"}'
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            if connection.getresponse().status in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}:
                return
        time.sleep(0.005)
    raise RuntimeError(f"{process.args!r} did not start.")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
