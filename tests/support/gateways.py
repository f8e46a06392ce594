"""A gateway to test: a real server process, and a client of it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Queue
from socket import socket
from threading import Thread
from typing import IO, Any

import aiohttp
import pytest

from support.documents import CHANGE_CURSOR, CREATE, CREATE_MANY, DELETE, UPDATE
from support.forks import COVERAGE, ForkedProcess, fork
from support.waiting import WITHIN

COMMAND = Path(sys.prefix) / "bin" / "invite-gateway"

LONGER = int(os.environ.get("LONGER", "1"))
"""The factor by which random and long tests do more than in CI."""

running_logs: list[list[str]] = []
"""The lines of the logs of the servers that run."""


@dataclass(frozen=True)
class Gateway:
    """A running server: its base URL, such as ``http://127.0.0.1:41234``, its process and log.

    The process leads a process group, like one that is started from a terminal.
    """

    url: str
    process: subprocess.Popen[bytes] | ForkedProcess
    log: list[str]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(WITHIN)


UNTRACED = {COVERAGE: ""}
"""Variables for a server without coverage, which would make it several times slower."""


def free_port() -> int:
    """Return a free port, for a gateway that is to be restarted on the same port."""
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def running(
    folder: Path, *options: str, through: Sequence[str | Path] = (), **variables: str
) -> Iterator[Gateway]:
    """Run a server in ``folder``, on a free port, until the block is left.

    ``through`` is a command that executes the server.
    """
    arguments = ("serve", "--port", "0", *options)
    read, stderr = os.pipe()
    with os.fdopen(read) as lines, Path(os.devnull).open("r+b") as nothing:
        files = (nothing.fileno(), nothing.fileno(), stderr)
        start = partial(_execute, through) if through else fork
        process = start(arguments, folder, os.environ | variables, files)
        os.close(stderr)
        log: list[str] = []
        running_logs.append(log)
        serving: Queue[str] = Queue()
        reading = Thread(target=_read_log, args=(lines, log, serving))
        reading.start()
        try:
            announced_url = serving.get(timeout=WITHIN)
            if not announced_url.startswith("http"):
                pytest.fail(f"The gateway did not start: {announced_url}")
            yield Gateway(announced_url, process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(WITHIN)
            reading.join(WITHIN)
            running_logs.remove(log)


def _execute(
    through: Sequence[str | Path],
    arguments: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    files: Sequence[int],
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = files
    return subprocess.Popen(
        [*through, COMMAND, *arguments],
        cwd=cwd,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        process_group=0,
    )


def _read_log(lines: IO[str], log: list[str], serving: Queue[str]) -> None:
    """Put the URL into the queue, or else the whole log; read the log to its end."""
    for line in lines:
        log.append(line)
        if announced := re.search(r"Serving (http://\S+)/graphql", line):
            serving.put(announced[1])
    serving.put("".join(log))


def children(process: int) -> set[int]:
    """Return the ids of a process's children."""
    return {
        int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    }


MakeDatabase = Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Client:
    """A GraphQL client of one gateway."""

    session: aiohttp.ClientSession
    url: str

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Send a document and return the decoded response."""
        body = {"query": query, "variables": variables}
        async with self.session.post(f"{self.url}/graphql", json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Send a document and return its data; fail the test on errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def create(self, **fields: Any) -> str:  # noqa: ANN401  JSON
        """Create an operation and return its id; fail the test on errors."""
        payload = (await self.data(CREATE, input=fields))["createInviteParticipantsOperation"]
        assert not payload["errors"], payload
        id_: str = payload["operation"]["id"]
        return id_

    async def create_many(self, inputs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Create operations and return their ids; fail the test on errors."""
        data = await self.data(CREATE_MANY, inputs=inputs)
        results = data["createInviteParticipantsOperations"]["results"]
        return [result["operation"]["id"] for result in results]

    async def update(self, **fields: Any) -> None:  # noqa: ANN401  JSON
        """Update an operation; fail the test on errors."""
        payload = (await self.data(UPDATE, input=fields))["updateInviteParticipantsOperation"]
        assert not payload["errors"], payload

    async def delete(self, id_: str) -> None:
        """Delete an operation; fail the test on errors."""
        payload = (await self.data(DELETE, id=id_))["deleteInviteParticipantsOperation"]
        assert not payload["errors"], payload

    async def change_cursor(self) -> str:
        """Return the current position of the change log."""
        listed = await self.data(CHANGE_CURSOR)
        cursor: str = listed["inviteParticipantsOperations"]["changeCursor"]
        return cursor


Command = Callable[..., subprocess.CompletedProcess[str]]


def memory(gateway: Gateway) -> int:
    """Return the memory that a gateway uses, in bytes."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    (size,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(size) * 1024
