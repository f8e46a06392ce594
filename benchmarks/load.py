"""Load from wrk on a core of its own, and what came of it."""

import json
import os
import subprocess
from dataclasses import dataclass

from servers import HERE, Server, Tools

SCRIPTS = HERE / "wrk"


@dataclass(frozen=True)
class Load:
    """Which requests to send, how many at a time, and for how long."""

    script: str
    connections: int
    seconds: int
    arguments: tuple[str, ...]
    headers: str = ""
    """Header fields of every request, each with its line end."""


@dataclass(frozen=True)
class Measured:
    """What a server did under a load: times in milliseconds, processor time in microseconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    cpu: float
    errors: int
    kinds: str


def drive(server: Server, tools: Tools, load: Load) -> Measured:
    """Send the requests and measure."""
    command = tools.pinned(
        tools.load_core,
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
    cpu = server.cpu_seconds() - before
    if done.returncode:
        raise RuntimeError(f"{server.peer.title}, {load.script}: {done.stderr or done.stdout}")
    summary = json.loads(done.stdout.splitlines()[-1])
    requests = summary["requests"]
    return Measured(
        requests=requests,
        rate=requests / summary["microseconds"] * 1e6,
        p50=summary["p50"] / 1e3,
        p99=summary["p99"] / 1e3,
        cpu=cpu * 1e6 / max(requests, 1),
        errors=sum(summary["errors"].values()),
        kinds=", ".join(f"{name} {count}" for name, count in summary["errors"].items() if count),
    )
