"""Processes of the command that a fork server starts, which has imported the gateway already."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select
from threading import Lock
from typing import IO

FORK_SERVER = Path(__file__).with_name("fork_server.py")

COVERAGE = "COVERAGE_PROCESS_CONFIG"
"""The variable that starts coverage in a process."""


class ForkedProcess:
    """A process that runs the command; used like a ``subprocess.Popen``."""

    def __init__(self, status: IO[bytes]) -> None:
        self._status = status
        self._lock = Lock()
        self.pid = _read_number(status)
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when it ends; raises ``subprocess.TimeoutExpired``."""
        with self._lock:
            if self.returncode is None:
                if not select([self._status], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("invite-gateway", timeout or 0)
                with self._status:
                    self.returncode = _read_number(self._status)
            return self.returncode

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, how: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, how)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)


def _read_number(file: IO[bytes]) -> int:
    number = file.read(4)
    assert number, "The fork server has ended."
    return int.from_bytes(number, "little", signed=True)


_servers: dict[str, tuple[socket.socket, subprocess.Popen[bytes]]] = {}
"""The fork servers, by their variable for coverage, which may be empty."""


def fork(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], files: Sequence[int]
) -> ForkedProcess:
    """Start the command; it leads a process group. ``files`` are its stdin, stdout and stderr."""
    coverage = env.get(COVERAGE, "")
    if coverage not in _servers:
        _servers[coverage] = _start(coverage)
    connection, _ = _servers[coverage]
    request = {"arguments": arguments, "cwd": str(cwd), "env": dict(env)}
    status, status_of_process = os.pipe()
    socket.send_fds(connection, [json.dumps(request).encode()], [*files, status_of_process])
    os.close(status_of_process)
    return ForkedProcess(os.fdopen(status, "rb", buffering=0))


def _start(coverage: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    connection, stdin = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with stdin:
        server = subprocess.Popen(
            [sys.executable, "-P", FORK_SERVER],
            env=os.environ | {COVERAGE: coverage},
            stdin=stdin.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    return connection, server


def stop_fork_servers() -> None:
    """Stop the fork servers; each writes its coverage."""
    for connection, server in _servers.values():
        connection.close()
        server.wait()
    _servers.clear()
