"""Load from wrk on a core of its own, and its measurements."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from environment import Environment
from server_process import Server
from servers import HERE
from workloads import MAX_CONNECTIONS, OPERATIONS

SCRIPTS = HERE / "wrk"
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Load:
    """The script with the requests, the duration, and the number of connections."""

    script: str
    seconds: int
    connections: int = MAX_CONNECTIONS
    arguments: tuple[str, ...] = (str(OPERATIONS),)
    """Arguments of the script: the number of operations, and names of files."""
    headers: str = ""
    """Header fields of every request, each with its line end."""


@dataclass(frozen=True)
class Measurement:
    """The result of a load."""

    requests: int
    throughput: float
    """Requests per second."""
    p99_milliseconds: float
    """The 99th percentile of the latency."""
    cpu_microseconds: float
    """CPU time of the server per request."""
    errors: int
    error_kinds: str

    def __str__(self) -> str:
        """Return a line for the log."""
        text = (
            f"{self.throughput:,.0f} requests/s, p99 {self.p99_milliseconds:,.1f} ms, "
            f"{self.cpu_microseconds:,.0f} µs of CPU time per request"
        )
        return f"{text}, {self.errors} errors: {self.error_kinds}" if self.errors else text


def measure(server: Server, environment: Environment, load: Load) -> Measurement:
    """Send requests for a second to warm up, and then for the duration of the load."""
    run_wrk(server, environment, replace(load, seconds=WARM_UP_SECONDS))
    server.wait_until_idle()
    measurement = run_wrk(server, environment, load)
    server.wait_until_idle()
    return measurement


def run_wrk(server: Server, environment: Environment, load: Load) -> Measurement:
    """Send requests with wrk.

    Raises ``RuntimeError`` if the script fails, as it does for a write with a GraphQL error.
    """
    command = environment.on_load_core(
        "wrk",
        "--threads=1",
        f"--connections={load.connections}",
        f"--duration={load.seconds}",
        "--timeout=10",
        "--latency",
        f"--script={load.script}.lua",
        f"http://127.0.0.1:{server.port}/graphql",
        "--",
        *load.arguments,
    )
    documents = os.path.relpath(server.peer.document_folder, SCRIPTS)
    before = server.cpu_seconds()
    done = subprocess.run(
        command,
        cwd=SCRIPTS,
        env={**os.environ, "DOCUMENTS": documents, "HEADERS": load.headers},
        capture_output=True,
        text=True,
        check=False,
    )
    cpu_seconds = server.cpu_seconds() - before
    if done.returncode:
        raise RuntimeError(f"{server.peer.title}, {load.script}: {done.stderr or done.stdout}")
    summary = json.loads(done.stdout.splitlines()[-1])
    errors = summary["errors"]
    return Measurement(
        requests=summary["requests"],
        throughput=summary["requests"] / summary["microseconds"] * 1e6,
        p99_milliseconds=summary["p99"] / 1e3,
        cpu_microseconds=cpu_seconds * 1e6 / max(summary["requests"], 1),
        errors=sum(errors.values()),
        error_kinds=", ".join(f"{name} {count}" for name, count in errors.items() if count),
    )


def medians(runs: Sequence[Measurement]) -> tuple[float, float]:
    """Return the medians of the throughput and of the CPU time per request."""
    return median(run.throughput for run in runs), median(run.cpu_microseconds for run in runs)
