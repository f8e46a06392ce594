"""A process that has imported the gateway, and forks into one for each gateway of the tests.

To import the gateway takes seconds of processor time, which the tests would spend hundreds of
times. The fork server of ``multiprocessing`` would import pytest into each process as well, and end
it without the functions registered at exit, one of which writes the coverage.

Each message on stdin, a socket, asks for a process. It is JSON, with the members ``arguments``,
``cwd`` and ``env``, and comes with four files: stdin, stdout and stderr of the process, and a pipe
for its id and later its exit status, integers of four bytes. The server ends when the socket is
closed.
"""

import gc
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

# Only a gateway on PostgreSQL imports it.
import gateway.store.postgres.database  # noqa: F401
from gateway.cli import app

MAX_REQUEST_SIZE = 200_000

status_pipes: dict[int, int] = {}
"""The pipe of each process that runs, by its id."""


def report_ends(*_: object) -> None:
    """Write the exit status of each process that has ended."""
    while status_pipes and (ended := os.waitpid(-1, os.WNOHANG))[0]:
        process, status = ended
        pipe = status_pipes.pop(process)
        write_number(pipe, os.waitstatus_to_exitcode(status))
        os.close(pipe)


def write_number(pipe: int, number: int) -> None:
    """Write an integer, if somebody still reads."""
    with suppress(BrokenPipeError):
        os.write(pipe, number.to_bytes(4, "little", signed=True))


def fork_until_closed(requests: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return each request and its files in a process of its own, and None at the end."""
    while True:
        body, files, _, _ = socket.recv_fds(requests, MAX_REQUEST_SIZE, 4)
        if not body:
            return None
        *streams, status_pipe = files
        # An end is reported only when the process is in the table.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        process = os.fork()
        if not process:
            requests.detach()
            return json.loads(body), streams
        status_pipes[process] = status_pipe
        write_number(status_pipe, process)
        for stream in streams:
            os.close(stream)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def run(request: dict[str, Any], streams: list[int]) -> None:
    """Become what ``subprocess.Popen`` would have started, and run the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    os.setpgid(0, 0)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(len(streams), os.sysconf("SC_OPEN_MAX"))
    sys.argv = ["invite-gateway", *request["arguments"]]
    app()


if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # else each collection in a process would copy the memory it shares with this one
    signal.signal(signal.SIGCHLD, report_ends)
    asked = fork_until_closed(socket.socket(fileno=sys.stdin.fileno()))
    if asked is not None:
        run(*asked)
