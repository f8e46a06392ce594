"""The programs, the CPU cores and the databases that a benchmark uses."""

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from databases import Databases


@dataclass(frozen=True)
class Environment:
    """The programs to run, the cores that they are pinned to, and the databases."""

    python: Path
    node: str
    server_core: int
    load_core: int
    databases: Databases

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> Self:
        """Return an environment with the server on the first core and the load on the last.

        Raises ``SystemExit`` if a program is missing.
        """
        for program in ("wrk", "taskset"):
            if not shutil.which(program):
                raise SystemExit(f"{program} was not found: apt-get install wrk util-linux")
        cores = sorted(os.sched_getaffinity(0))
        return cls(
            python=options.python,
            node=getattr(options, "node", "node"),
            server_core=cores[0],
            load_core=cores[-1],
            databases=Databases(options.data, options.python),
        )

    @property
    def gateway(self) -> Path:
        """The gateway's program."""
        return self.python.with_name("invite-gateway")

    def on_server_core(self, *command: str | Path) -> list[str]:
        """Return a command pinned to the core of the server."""
        return _pinned(self.server_core, command)

    def on_load_core(self, *command: str | Path) -> list[str]:
        """Return a command pinned to the core of the load generator."""
        return _pinned(self.load_core, command)


def _pinned(core: int, command: tuple[str | Path, ...]) -> list[str]:
    return ["taskset", "--cpu-list", str(core), *map(str, command)]
