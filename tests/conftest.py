"""A gateway to test: a real server process on a database of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

import aiohttp
import pytest
from engines import ENGINES, PostgresServer, postgres_server
from typer.testing import CliRunner

from gateway.cli import app
from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of

COMMAND = Path(sys.prefix) / "bin" / "invite-gateway"
STOPPED_WITHIN = 40
LONGER = int(os.environ.get("LONGER", "1"))
"""How many times more than in CI is done of what is random, or goes on for long."""


@dataclass(frozen=True)
class Gateway:
    """A server that runs: its base URL, such as ``http://127.0.0.1:41234``, its process, its log.

    The process leads a process group, as one does that is started from a terminal.
    """

    url: str
    process: subprocess.Popen[str]
    log: list[str]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(STOPPED_WITHIN)


UNTRACED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
"""Variables for a server that is not traced for coverage, which makes it several times slower."""


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Gateway]:
    """Run a server in ``folder``, on a free port, until the block is left."""
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0", *options],
        cwd=folder,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert process.stderr is not None
    log: list[str] = []
    serving: Queue[str] = Queue()
    reading = Thread(target=_read_log, args=(process.stderr, log, serving))
    reading.start()
    with process:
        try:
            said = serving.get()
            if not said.startswith("http"):
                pytest.fail(f"The gateway did not start: {said}")
            yield Gateway(said, process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(STOPPED_WITHIN)
            reading.join(STOPPED_WITHIN)


def _read_log(lines: IO[str], log: list[str], serving: Queue[str]) -> None:
    """Tell the URL as soon as the log has it, or else all it had; and never let the log fill up."""
    for line in lines:
        log.append(line)
        if announced := re.search(r"Serving (http://\S+)/graphql", line):
            serving.put(announced[1])
    serving.put("".join(log))


def children(process: int) -> set[int]:
    """Give the ids of the processes that a process has started and not taken leave of."""
    return {
        int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    }


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of these tests."""
    config.addinivalue_line("markers", "each_database: run on SQLite, and on PostgreSQL as well.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so on each kind of database, as far as a database takes part in it."""
    is_marked = metafunc.definition.get_closest_marker("each_database") is not None
    if is_marked and "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ENGINES, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on."""
    named: str = getattr(request, "param", "sqlite")
    return named


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests share: they have databases of their own in it."""
    with postgres_server() as server:
        yield server


MakeDatabase = Callable[[], dict[str, str]]


@pytest.fixture(scope="session")
def new_database(engine: str, request: pytest.FixtureRequest) -> MakeDatabase:
    """Make an empty database, and return the variables that name it to a gateway.

    One of SQLite is in the folder that the gateway runs in.
    """
    if engine == "sqlite":
        return dict
    server: PostgresServer = request.getfixturevalue("postgres")
    return lambda: {"INVITE_GATEWAY_DATABASE": server.new_database()}


@pytest.fixture
def database_url(
    new_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A database of the test's own that has nothing yet; gateways and commands take it too."""
    default = {"INVITE_GATEWAY_DATABASE": f"sqlite:///{tmp_path / 'operations.db'}"}
    url = (default | new_database())["INVITE_GATEWAY_DATABASE"]
    monkeypatch.setenv("INVITE_GATEWAY_DATABASE", url)
    return url


@pytest.fixture
def database(database_url: str) -> Database:
    """A database of the test's own, with its tables; gateways and commands take it too."""
    made = database_of(Settings(database=database_url))
    made.upgrade()
    return made


@pytest.fixture(scope="session")
def gateway_url(
    tmp_path_factory: pytest.TempPathFactory, new_database: MakeDatabase
) -> Iterator[str]:
    """The base URL of a gateway that all tests share: they make operations of their own in it."""
    with running(tmp_path_factory.mktemp("gateway"), **new_database()) as gateway:
        yield gateway.url


@dataclass(frozen=True)
class Client:
    """A GraphQL client of one gateway."""

    session: aiohttp.ClientSession
    url: str

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Send a document and return the whole answer."""
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


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def shared(http: aiohttp.ClientSession, gateway_url: str) -> Client:
    """A client of the gateway that all tests share."""
    return Client(http, gateway_url)


@pytest.fixture
def gateway(tmp_path: Path, database_url: str) -> Iterator[Gateway]:
    """A gateway of the test's own, empty."""
    with running(tmp_path, INVITE_GATEWAY_DATABASE=database_url) as gateway:
        yield gateway


@pytest.fixture
async def client(http: aiohttp.ClientSession, gateway: Gateway) -> Client:
    """A client of the test's own gateway."""
    return Client(http, gateway.url)


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``invite-gateway`` with the arguments given, in the test's folder."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=tmp_path,
            env=os.environ | {"COLUMNS": "100"} | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in this process, which saves the seconds a process takes to start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, arguments, input=stdin, env=variables)
        expected = done.exception is None or isinstance(done.exception, SystemExit)
        told = done.stderr if expected else f"{done.stderr}Traceback: {done.exception!r}"
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, told)

    return run
