"""Fixtures: databases, real server processes on them, clients and commands."""

import os
import subprocess
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import aiohttp
import pytest
from support.engines import (
    ENGINES,
    OTHER_POSTGRESQL,
    PostgresServer,
    debian_server,
    postgres_server,
)
from support.forks import fork, stop_fork_servers
from support.gateways import (
    Client,
    Command,
    Gateway,
    MakeDatabase,
    running,
    running_logs,
)
from support.portable import PortableServer, portable_server
from support.tracing import Collector, collecting
from support.waiting import WITHIN
from typer.testing import CliRunner

from gateway.cli import app
from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of these tests."""
    config.addinivalue_line("markers", "each_database: run on SQLite, and on PostgreSQL as well.")
    config.addinivalue_line("markers", "postgresql: run on PostgreSQL.")
    config.addinivalue_line(
        "markers", "each_postgresql: run on Debian's PostgreSQL, and as on other engines, as well."
    )


SLOWEST = (
    "test_hostile.py",
    "test_overload.py",
    "test_filters.py",
    "test_storm.py",
    "test_kills.py",
)
"""Modules to start with, so that no process is left with one of them at the end."""


LOG_LINES = 60
"""The number of lines of a server's log in the report of a failed test."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of the running servers to the report of a failed test."""
    report = yield
    if report.failed:
        logs = ("".join(log[-LOG_LINES:]) for log in running_logs)
        report.sections.extend(("Log of a server", log) for log in logs)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest modules first."""
    items.sort(key=lambda item: item.path.name not in SLOWEST)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test on each kind of database, if it uses one."""
    if "engine" not in metafunc.fixturenames:
        return
    marked = metafunc.definition.get_closest_marker
    engines = (
        ENGINES if marked("each_database") else ("postgresql",) if marked("postgresql") else ()
    )
    engines += OTHER_POSTGRESQL if marked("each_postgresql") else ()
    if engines:
        metafunc.parametrize("engine", engines, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def _fork_servers() -> Iterator[None]:
    """Stop the fork servers after the last test."""
    yield
    stop_fork_servers()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on."""
    named: str = getattr(request, "param", "sqlite")
    return named


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests share; each uses its own database."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of Debian's version."""
    with debian_server() as server:
        yield server


@pytest.fixture(scope="session")
def portable_postgres(postgres: PostgresServer) -> Iterator[PortableServer]:
    """A substitute for other engines with PostgreSQL's protocol."""
    with portable_server(postgres) as server:
        yield server


SERVERS = {
    "postgresql": "postgres",
    "postgresql-15": "debian_postgres",
    "portable": "portable_postgres",
}
"""The fixture of each kind of PostgreSQL."""


@pytest.fixture(scope="session")
def new_database(engine: str, request: pytest.FixtureRequest) -> MakeDatabase:
    """Make an empty database, and return the variables that name it to a gateway.

    One of SQLite is in the folder that the gateway runs in.
    """
    if engine == "sqlite":
        return dict
    server: PostgresServer | PortableServer = request.getfixturevalue(SERVERS[engine])
    return lambda: {"INVITE_GATEWAY_DATABASE": server.new_database()}


@pytest.fixture
def database_url(
    new_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of an empty database of the test's own, which gateways and commands use too."""
    default = {"INVITE_GATEWAY_DATABASE": f"sqlite:///{tmp_path / 'operations.db'}"}
    url = (default | new_database())["INVITE_GATEWAY_DATABASE"]
    monkeypatch.setenv("INVITE_GATEWAY_DATABASE", url)
    return url


@pytest.fixture
def database(database_url: str) -> Database:
    """A database of the test's own with its tables, which gateways and commands use too."""
    made = database_of(Settings(database=database_url))
    made.upgrade()
    return made


@pytest.fixture(scope="session")
def gateway_url(
    tmp_path_factory: pytest.TempPathFactory, new_database: MakeDatabase
) -> Iterator[str]:
    """The base URL of a gateway that all tests share; each creates its own operations."""
    with running(tmp_path_factory.mktemp("gateway"), **new_database()) as gateway:
        yield gateway.url


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


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``invite-gateway`` with the arguments given, in the test's folder."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"COLUMNS": "100"} | variables
        with TemporaryFile("w+") as given, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            given.write(stdin)
            given.seek(0)
            process = fork(arguments, tmp_path, env, [each.fileno() for each in (given, out, err)])
            try:
                status = process.wait(WITHIN)
            finally:
                process.kill()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(arguments, status, out.read(), err.read())

    return run


@pytest.fixture
def run_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``invite-gateway`` in this process, which saves the start of another one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, arguments, input=stdin, env=variables)
        expected = done.exception is None or isinstance(done.exception, SystemExit)
        stderr = done.stderr if expected else f"{done.stderr}Traceback: {done.exception!r}"
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, stderr)

    return run


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A running OpenTelemetry collector."""
    with collecting() as running_collector:
        yield running_collector
