"""Programs of Node.js, which npm installs in ``tests/tools``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from support.paths import TOOLS
from support.waiting import WITHIN

PROGRAMS = TOOLS / "node_modules" / ".bin"

# `make` links a Node.js here where the machine's own is missing or too old.
NODE = Path(sys.prefix) / "node"


def run(*command: str | Path, cwd: Path = TOOLS, **variables: str) -> str:
    """Run a tool and return its output; fail the test if the tool fails."""
    env = os.environ | {"PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"
    return done.stdout


def post(url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Send a document and return its data; fail the test on errors."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urlopen(request, timeout=WITHIN) as response:  # noqa: S310 - our own
        answer = json.load(response)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data
