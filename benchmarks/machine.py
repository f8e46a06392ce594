"""The machine and the versions of programs, for reports."""

import json
import os
import platform
import subprocess
from pathlib import Path

from environment import Environment
from servers import NODE_PACKAGES

_PYTHON_PACKAGES = ("aiohttp", "msgspec", "strawberry-graphql", "uvloop")
_NODE_NAMES = ("better-sqlite3", "fastify", "graphql-yoga", "mercurius", "postgraphile")
_PYTHON = """
import importlib.metadata, platform, sqlite3, sys
print("Python", platform.python_version())
print("SQLite of Python", sqlite3.sqlite_version)
for name in sys.argv[1:]:
    print(name, importlib.metadata.version(name))
"""


def machine() -> str:
    """Return the processor, the number of cores, the memory and the kernel."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    gibibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    kernel = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {gibibytes:.0f} GiB, {kernel}"


def versions(environment: Environment) -> list[str]:
    """Return each program and package with its version."""
    python = _output(str(environment.python), "-c", _PYTHON, *_PYTHON_PACKAGES).splitlines()
    node = [f"Node.js {_output(environment.node, '--version').strip().lstrip('v')}"]
    for name in _NODE_NAMES:
        manifest = NODE_PACKAGES / name / "package.json"
        if manifest.exists():
            node.append(f"{name} {json.loads(manifest.read_text())['version']}")
    wrk = _output("wrk", "--version").split("[")[0].strip()
    return [*python, *node, wrk]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "none"
    return done.stdout
