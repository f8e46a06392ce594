"""Microsoft's own clients of Graph, pointed at a gateway.

The Python SDK has an environment of its own, which `make test` sets up; the JavaScript client is
among the tools in tests/tools.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.gateways import running
from support.paths import TOOLS
from support.waiting import WITHIN

SDK = Path(sys.prefix) / "graph-sdk" / "bin" / "python"
PROGRAM = Path(__file__).parent / "sdk" / "operations.py"
COMMANDS: dict[str, tuple[str | Path, Path]] = {
    "python": (SDK, PROGRAM),
    "javascript": ("node", TOOLS / "graph.mjs"),
}


def run(client: str, *arguments: str) -> str:
    """Run a client's program to its end and return what it printed."""
    # `make` links a Node.js there where the machine's own is missing or too old.
    path = f"{Path(sys.prefix) / 'node'}{os.pathsep}{os.environ['PATH']}"
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [*COMMANDS[client], *arguments],
        env=os.environ | {"PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("client", COMMANDS)
def test_official_client_works_with_the_gateway(client: str, gateway_url: str) -> None:
    assert run(client, gateway_url, "all") == "done\n"


@pytest.mark.parametrize("client", COMMANDS)
def test_official_client_waits_when_it_is_throttled(client: str, tmp_path: Path) -> None:
    with running(tmp_path, "--rate", "300", "--rate-burst", "300") as gateway:
        assert run(client, gateway.url, "throttled") == "done\n"
        assert any("status=429" in line for line in gateway.log)
