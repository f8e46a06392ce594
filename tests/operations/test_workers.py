"""Several workers on one port and one database: start, end, replacement and writes."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import aiohttp
import pytest
from support.documents import COUNT
from support.gateways import COMMAND, Client, Command, Gateway, children, running
from support.several_clients import assert_one_update_wins
from support.waiting import WITHIN, wait_until
from typer.testing import CliRunner

from gateway.cli import app


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with four workers, shared by tests that do not stop them."""
    with running(tmp_path_factory.mktemp("four"), "--workers", "4") as gateway:
        yield gateway


@pytest.fixture
def seen() -> set[str]:
    """The processes that responded to ``http``, by the first part of the request ids."""
    return set()


@pytest.fixture
async def http(seen: set[str]) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client with a connection for each request: they are spread over the workers."""

    async def note(
        _session: object, _context: object, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        seen.add(ended.response.headers["X-Request-Id"].partition("-")[0])

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(note)
    connector = aiohttp.TCPConnector(force_close=True, limit=64)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[tracing]) as session:
        yield session


async def count(client: Client) -> int:
    """Return the number of operations."""
    total = (await client.data(COUNT))["inviteParticipantsOperations"]["totalCount"]
    return int(total)


async def ask(client: Client, until: Callable[[], bool]) -> None:
    """Send requests, none of which may fail, until a condition is true."""
    deadline = time.monotonic() + WITHIN
    while not until():
        await count(client)
        assert time.monotonic() < deadline


def is_alive(process: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def port(gateway: Gateway) -> str:
    """Return the port of a gateway."""
    return str(urlsplit(gateway.url).port)


async def test_workers_share_a_port_and_a_database(
    four: Gateway, http: aiohttp.ClientSession, seen: set[str]
) -> None:
    client = Client(http, four.url)
    await client.create(id="one")
    await ask(client, lambda: len(seen) == 4)

    assert len(children(four.process.pid)) == 4
    assert len({await count(client) for _ in range(20)}) == 1


async def test_one_worker_is_one_process(gateway: Gateway) -> None:
    assert children(gateway.process.pid) == set()


async def test_host_of_several_addresses_has_one_port(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--workers", "2", "--host", "localhost") as gateway:
        found = socket.getaddrinfo("localhost", port(gateway), type=socket.SOCK_STREAM)
        for host in {str(address[0]) for *_, address in found}:
            url = f"http://{f'[{host}]' if ':' in host else host}:{port(gateway)}"
            assert await count(Client(http, url)) == 0


async def test_killed_worker_is_replaced_while_the_others_answer(
    tmp_path: Path, http: aiohttp.ClientSession, seen: set[str]
) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        client, supervisor = Client(http, gateway.url), gateway.process.pid
        await ask(client, lambda: len(seen) == 2)
        before = children(supervisor)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: min(before) not in children(supervisor))
        await ask(client, lambda: len(seen) == 3)  # the third is the new one

        assert len(children(supervisor) - before) == 1
        assert f"({min(before)}) ended: SIGKILL" in "".join(gateway.log)
        assert gateway.stop() == 0


@pytest.mark.parametrize(
    ("how", "send"),
    [(signal.SIGTERM, os.kill), (signal.SIGINT, os.killpg)],  # a Ctrl-C goes to all of a terminal
)
def test_stopping_leaves_nothing_behind(
    tmp_path: Path, how: signal.Signals, send: Callable[[int, int], None]
) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        processes = children(gateway.process.pid)
        with socket.create_connection(("127.0.0.1", int(port(gateway)))):  # and logs nothing
            send(gateway.process.pid, how)
            assert gateway.process.wait(WITHIN) == 0

        assert not any(is_alive(process) for process in processes)
    assert [path.name for path in tmp_path.iterdir()] == ["operations.db"]
    assert "Traceback" not in "".join(gateway.log)


def test_stopping_at_once_stops_workers_that_are_only_starting(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--workers", "2"],
            cwd=tmp_path,
            stderr=output,
            process_group=0,
        )
    wait_until(lambda: len(children(process.pid)) == 2)
    started = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(WITHIN) == 0
    assert not any(is_alive(worker) for worker in started)
    assert "Traceback" not in log.read_text()


def test_workers_whose_supervisor_is_killed_stop_by_themselves(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        processes = children(gateway.process.pid)
        gateway.process.kill()
        wait_until(lambda: not any(is_alive(process) for process in processes))

    assert [path.name for path in tmp_path.iterdir()] == ["operations.db"]
    for process in processes:
        assert any(f"({process})" in line and "supervisor is gone" in line for line in gateway.log)


def test_worker_that_does_not_stop_is_killed_and_reported(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2", "--shutdown-seconds", "0") as gateway:
        stuck, other = children(gateway.process.pid)
        os.kill(stuck, signal.SIGSTOP)

        assert gateway.stop() == 1
        assert not is_alive(stuck)
        assert not is_alive(other)
    assert "did not stop" in gateway.log[-1]


async def test_writes_of_all_workers_at_once_all_land(
    four: Gateway, http: aiohttp.ClientSession, seen: set[str]
) -> None:
    client = Client(http, four.url)
    before = await count(client)
    created = await asyncio.gather(*(client.create(id=f"all-{n}") for n in range(400)))

    assert len(seen) == 4
    assert created == [f"all-{n}" for n in range(400)]
    assert await count(client) == before + 400


async def test_updates_of_all_workers_at_once_are_won_by_one(
    four: Gateway, http: aiohttp.ClientSession, seen: set[str]
) -> None:
    client = Client(http, four.url)
    await assert_one_update_wins(client, rivals=40)

    assert len(seen) == 4


async def test_import_beside_busy_workers_lands_as_well(
    tmp_path: Path, http: aiohttp.ClientSession, command: Command
) -> None:
    (tmp_path / "in").write_text("".join(f'{{"id": "imported-{n}"}}\n' for n in range(3000)))
    created = 0
    with running(tmp_path, "--workers", "2") as gateway:
        client = Client(http, gateway.url)
        importing = asyncio.create_task(asyncio.to_thread(command, "import", "in"))
        while not importing.done():
            await asyncio.gather(*(client.create(id=f"{created + n}") for n in range(20)))
            created += 20

        assert (await importing).returncode == 0
        assert await count(client) == 3000 + created
        assert gateway.stop() == 0
    with closing(sqlite3.connect(tmp_path / "operations.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_several_started_at_once_on_a_new_database_all_serve(tmp_path: Path) -> None:
    together = Barrier(4)

    def serve(workers: str) -> int:
        with running(tmp_path, "--workers", workers) as gateway:
            together.wait(WITHIN)
            return gateway.stop()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(serve, ["1", "1", "1", "2"])) == [0, 0, 0, 0]


@pytest.mark.parametrize("shared", [False, True])
def test_port_of_another_program_is_not_shared_with_it(command: Command, *, shared: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as taken:
        number = str(taken.getsockname()[1])
        done = command("serve", "--workers", "2", "--port", number)

    assert done.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{number}: Address already in use" in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_port_of_another_gateway_is_not_shared_with_it(
    four: Gateway, command: Command, workers: str
) -> None:
    done = command("serve", "--workers", workers, "--port", port(four))

    assert done.returncode == 2
    assert "address already in use" in done.stderr.lower()


FAILING = """
import os, sys
if "gateway.workers.worker" in sys.orig_argv:
    worker = sys.orig_argv[4]
    with open(f"{{__file__}}.{{worker}}", "a") as starts:
        starts.write("x")
        if starts.tell() <= {}:
            starts.close()
            os._exit(3)
"""


def failing_starts(folder: Path, starts: int) -> dict[str, str]:
    """Return variables that make a number of starts of each worker fail."""
    (folder / "failing").mkdir()
    (folder / "failing" / "sitecustomize.py").write_text(FAILING.format(starts))
    return {"PYTHONPATH": str(folder / "failing")}


async def test_worker_that_fails_to_start_is_started_again(
    tmp_path: Path, http: aiohttp.ClientSession, seen: set[str]
) -> None:
    with running(tmp_path, "--workers", "2", **failing_starts(tmp_path, starts=2)) as gateway:
        await ask(Client(http, gateway.url), lambda: len(seen) == 2)

        assert sum("ended: exit status 3" in line for line in gateway.log) == 4


def test_worker_that_cannot_start_stops_all_and_is_reported(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        first, other = children(gateway.process.pid)
        (tmp_path / "operations.db").unlink()
        os.kill(first, signal.SIGKILL)

        assert gateway.process.wait(WITHIN) == 1
        assert not is_alive(other)
    assert "ended 5 times in a row before it answered" in gateway.log[-1]
    assert sum("cannot be used: unable to open database file" in line for line in gateway.log) == 5
    assert "Traceback" not in "".join(gateway.log)


@pytest.fixture
def run_in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Run ``serve`` in this process; return its exit status and its output."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["serve", "--port", "0", *options])
        return done.exit_code, done.stderr.replace("\n", " ")

    return run


def test_processes_that_the_system_refuses_are_reported(
    run_in_process: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "missing"))
    status, output = run_in_process("--workers", "2")

    assert status == 1
    assert "before it answered" in output


@pytest.mark.parametrize("count", ["0", "65", "many"])
def test_wrong_count_of_workers_is_reported(
    run_in_process: Callable[..., tuple[int, str]], count: str
) -> None:
    status, output = run_in_process("--workers", count)

    assert status == 2
    assert "--workers" in output


def test_system_without_shared_ports_is_reported(
    run_in_process: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    status, output = run_in_process("--workers", "2")

    assert status == 2
    assert "--workers: Several processes cannot listen on one port" in output
