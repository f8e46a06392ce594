"""The server as a process: its start, its stop, and what outlives it."""

import asyncio
import importlib.metadata
import itertools
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from support.documents import CREATE, CREATE_MANY, GET_MANY
from support.gateways import COMMAND, Client, Command, Gateway, running
from support.several_clients import assert_one_update_wins
from support.waiting import WITHIN

from gateway.store.sqlite.migrate import upgrade

Json = Any

EXPECT = b"\r\nExpect: 100-continue\r\n\r\n"


def address(gateway: Gateway) -> tuple[str, int]:
    """Return the host and port that a gateway listens on."""
    parts = urlsplit(gateway.url)
    return str(parts.hostname), int(parts.port or 0)


def request_bytes(query: str, **variables: Json) -> tuple[bytes, bytes]:
    """Return the head and the body of a POST."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


async def missing_ids(client: Client, ids: list[str]) -> list[str]:
    """Return the ids for which there is no operation."""
    there: set[str] = set()
    for start in range(0, len(ids), 500):
        nodes = (await client.data(GET_MANY, ids=ids[start : start + 500]))["nodes"]
        there.update(node["id"] for node in nodes if node)
    return [id_ for id_ in ids if id_ not in there]


HINT = "--cors-origins http://localhost:5173"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 1),
        (("--workers", "2"), 1),
        (("--cors-origins", "https://app.example.com"), 0),
        (("--log-format", "json"), 0),
    ],
)
def test_start_names_once_what_a_frontend_needs(
    tmp_path: Path, options: tuple[str, ...], count: int
) -> None:
    with running(tmp_path, *options) as gateway:
        assert gateway.stop() == 0

    assert "".join(gateway.log).count(HINT) == count


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopping_an_idle_server_ends_well(gateway: Gateway, how: signal.Signals) -> None:
    with socket.create_connection(address(gateway)):  # an idle client does not delay the stop
        assert gateway.stop(how) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_stopping_finishes_a_request_under_way(
    gateway: Gateway, tmp_path: Path, http: aiohttp.ClientSession, how: signal.Signals
) -> None:
    head, body = request_bytes(CREATE_MANY, inputs=[{"id": f"last-{n}"} for n in range(1000)])
    with socket.create_connection(address(gateway), timeout=WITHIN) as connection:
        check_liveness(connection)  # the connection is accepted
        connection.sendall(head + body)
        with socket.create_connection(address(gateway), timeout=WITHIN) as other:
            check_liveness(other)  # the server has read the earlier data
            gateway.process.send_signal(how)
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"createdCount":1000' in answer
    assert gateway.process.wait(WITHIN) == 0
    with running(tmp_path) as restarted:
        assert await missing_ids(Client(http, restarted.url), ["last-0", "last-999"]) == []


def check_liveness(connection: socket.socket) -> None:
    """Request the liveness check, and keep the connection."""
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b'{"status":"ok"}' in connection.recv(4096)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_a_request_that_is_still_arriving(
    tmp_path: Path, how: signal.Signals
) -> None:
    head, body = request_bytes(CREATE, input={"id": "last"})
    with (
        running(tmp_path, "--shutdown-seconds", "4") as server,
        socket.create_connection(address(server), timeout=3) as connection,
    ):
        # "Continue" means that the request has started.
        connection.sendall(head.replace(b"\r\n\r\n", EXPECT) + body[:9])
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        server.process.send_signal(how)
        wait_until_closed(server)
        connection.sendall(body[9:])
        answer = connection.recv(4096)

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert server.process.wait(WITHIN) == 0


def wait_until_closed(gateway: Gateway) -> None:
    """Wait until the server accepts no more connections, after it received the signal."""
    while True:
        try:
            with socket.create_connection(address(gateway), timeout=5) as connection:
                connection.recv(1)
        except ConnectionRefusedError:
            return
        except (ConnectionError, TimeoutError):
            continue


@pytest.mark.parametrize("seconds", ["0", "0.5"])
def test_endless_request_delays_the_stop_up_to_the_limit(tmp_path: Path, seconds: str) -> None:
    head, body = request_bytes(CREATE, input={"id": "never"})
    with (
        running(tmp_path, "--shutdown-seconds", seconds) as server,
        socket.create_connection(address(server)) as connection,
    ):
        connection.sendall(head.replace(b"\r\n\r\n", EXPECT) + body[:9])
        connection.recv(4096)
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(WITHIN) == 0


async def test_restart_keeps_everything(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    ids = [f"kept-{n}" for n in range(50)]
    with running(tmp_path) as server:
        await asyncio.gather(*(Client(http, server.url).create(id=id_) for id_ in ids))
        assert server.stop() == 0

    with running(tmp_path) as server:
        assert await missing_ids(Client(http, server.url), ids) == []
        assert server.stop() == 0
    assert os.listdir(tmp_path) == ["operations.db"]  # noqa: PTH208  no pathlib in async code


@pytest.mark.parametrize("after", [1, 50, 200])
async def test_kill_keeps_what_was_acknowledged(
    tmp_path: Path, http: aiohttp.ClientSession, after: int
) -> None:
    acknowledged: list[str] = []

    async def create_on(gateway: Gateway, worker: int) -> None:
        client = Client(http, gateway.url)
        for n in range(10_000):
            id_ = f"{worker}-{n}"
            try:
                acknowledged.append(await client.create(id=id_))
            except aiohttp.ClientError:
                return
            if len(acknowledged) >= after:
                gateway.process.kill()

    with running(tmp_path) as server:
        await asyncio.gather(*(create_on(server, worker) for worker in range(16)))
        assert server.process.wait(WITHIN) == -signal.SIGKILL

    assert len(acknowledged) >= after
    with running(tmp_path) as server:
        assert await missing_ids(Client(http, server.url), acknowledged) == []
        assert server.stop() == 0
    with sqlite3.connect(tmp_path / "operations.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


async def test_each_acknowledged_commit_is_synced(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    log = tmp_path / "syncs"
    # -D keeps the gateway's process the one that is started, so that signals reach it.
    traced = ("strace", "-D", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", log)

    def syncs() -> int:
        return len(re.findall(r"\bf(?:data)?sync\(", log.read_text()))

    with running(tmp_path, through=traced) as server:
        client = Client(http, server.url)
        await client.create(id="first")
        counts = [syncs()]
        for n in range(20):
            await client.create(id=f"synced-{n}")
            counts.append(syncs())
        assert server.stop() == 0

    assert all(later > earlier for earlier, later in itertools.pairwise(counts)), counts


async def test_updates_at_once_with_a_version_are_won_by_one(client: Client) -> None:
    await assert_one_update_wins(client, rivals=16)


async def test_clients_that_hang_up_spoil_nothing(client: Client, gateway: Gateway) -> None:
    kept = [f"kept-{n}" for n in range(50)]
    answered = asyncio.gather(*(client.create(id=id_) for id_ in kept))
    for n in range(20):
        head, body = request_bytes(CREATE, input={"id": f"gone-{n}"})
        with socket.create_connection(address(gateway)) as connection:
            connection.sendall(head + (body if n % 2 else body[:9]))
            reset = b"\1\0\0\0\0\0\0\0"  # close at once by a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        await asyncio.sleep(0)
    await answered

    assert await missing_ids(client, kept) == []
    assert await missing_ids(client, [f"gone-{n}" for n in range(0, 20, 2)]) != []
    assert await client.create(id="after") == "after"


def assert_refused_with(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Assert that a command ended with status 2 and one message with these words."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_port_in_use_is_reported(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = command("serve", "--port", port)

    assert_refused_with(done, f"Cannot listen on 127.0.0.1:{port}: Address already in use.")


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_invalid_address_is_reported(run_in_process: Command, host: str) -> None:
    assert_refused_with(
        run_in_process("serve", "--port", "0", "--host", host, "--auth", "tokens"),
        "Cannot listen",
        host,
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--database", "mysql://x/y"),
        ("--database", "nonsense"),
        ("--database", "sqlite://"),
        ("--port", "65536"),
        ("--readers", "0"),
        ("--change-log-days", "-1"),
        ("--change-log-changes", "-1"),
        ("--change-log-bytes", "-1"),
        ("--max-body-bytes", "1"),
        ("--log-level", "loud"),
        ("--shutdown-seconds", "-1"),
        ("--drain-seconds", "-1"),
        ("--execution-seconds", "-1"),
    ],
)
def test_wrong_option_is_reported_by_name(
    run_in_process: Command, options: tuple[str, str]
) -> None:
    assert_refused_with(run_in_process("serve", *options), options[0])


def foreign(path: Path) -> None:
    """Create the database of another program."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE operations (id)")
    database.close()


def newer(path: Path) -> None:
    """Create a database as a future version might."""
    upgrade(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()


def garbage(path: Path) -> None:
    """Create a file that is not a database."""
    path.write_bytes(bytes(range(256)) * 100)


@pytest.mark.parametrize(
    ("make", "word"),
    [(foreign, "something else"), (newer, "newer"), (garbage, "not a database")],
)
@pytest.mark.parametrize(
    "arguments", [("serve", "--port", "0"), ("db", "upgrade"), ("export", "-")]
)
def test_unusable_database_is_reported_and_not_changed(
    run_in_process: Command,
    tmp_path: Path,
    arguments: tuple[str, ...],
    make: Callable[[Path], None],
    word: str,
) -> None:
    file = tmp_path / "operations.db"
    make(file)
    before = file.read_bytes()

    assert_refused_with(run_in_process(*arguments), "operations.db", word)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["operations.db"]


def test_read_only_database_is_reported(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "operations.db"
    command("db", "upgrade")
    file.chmod(0o444)
    before = file.read_bytes()
    unprivileged = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*unprivileged, COMMAND, "serve", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )

    assert_refused_with(done, "operations.db", "readonly", "Make the file and its folder writable")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:///missing/operations.db", "missing"),
        ("sqlite:///folder", "Check that the file and its folder exist"),
    ],
)
def test_database_at_an_impossible_path_is_reported(
    run_in_process: Command, tmp_path: Path, url: str, place: str
) -> None:
    (tmp_path / "folder").mkdir()

    assert_refused_with(run_in_process("serve", "--port", "0", "--database", url), place)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


async def test_variables_set_what_options_omit(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    variables = {
        "INVITE_GATEWAY_DATABASE": "sqlite:///mine.db",
        "INVITE_GATEWAY_MAX_BODY_BYTES": "1024",
        "INVITE_GATEWAY_PLAYGROUND": "false",
        "INVITE_GATEWAY_CORS_ORIGINS": "https://a.example,https://b.example",
        "INVITE_GATEWAY_PORT": "1",  # the option wins
    }
    with running(tmp_path, **variables) as server:
        page = {"Accept": "text/html", "Origin": "https://b.example"}
        async with http.get(f"{server.url}/graphql", headers=page) as response:
            assert response.status == 406
            assert response.headers["Access-Control-Allow-Origin"] == "https://b.example"
        async with http.post(f"{server.url}/graphql", json={"query": " " * 1024}) as response:
            assert response.status == 413

    assert os.listdir(tmp_path) == ["mine.db"]  # noqa: PTH208  no pathlib in async code


def test_wrong_variable_is_reported_by_name(run_in_process: Command) -> None:
    assert_refused_with(
        run_in_process("serve", INVITE_GATEWAY_PORT="many"), "INVITE_GATEWAY_PORT", "it is 'many'"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--introspection-scope", "a b"), "'a b' is not a scope's name: that is one word"),
        (("--oidc-algorithms", "HS256"), "or 'Ed25519'; it is 'HS256'\n"),
        (("--port", "70000", "--workers", "0"), "it is 70000; --workers: Input should be"),
    ],
)
def test_wrong_option_is_reported_once_with_its_value(
    run_in_process: Command, options: tuple[str, ...], message: str
) -> None:
    assert_refused_with(run_in_process("serve", *options), f"Error: {options[0]}: ", message)


@pytest.mark.parametrize(
    "words",
    [
        *("serve", "import", "export", "backup"),
        *("schema export", "schema check", "db upgrade", "db check"),
    ],
)
def test_help_shows_an_example(run_in_process: Command, words: str) -> None:
    done = run_in_process(*words.split(), "--help")

    assert done.returncode == 0
    assert f"Example: invite-gateway {words}" in done.stdout


def test_help_wraps_paragraphs_at_the_width_of_the_terminal(run_in_process: Command) -> None:
    lines = run_in_process("import", "--help", COLUMNS="80").stdout.splitlines()

    assert "operation, in the gateway's own form or in Microsoft Graph's, or has" in map(
        str.strip, lines
    )


def test_version_is_printed(run_in_process: Command) -> None:
    version = importlib.metadata.version("invite-gateway")
    done = run_in_process("--version")

    assert (done.returncode, done.stdout) == (0, f"invite-gateway {version}\n")


def test_help_lists_every_here(run_in_process: Command) -> None:
    shown = run_in_process("--help").stdout

    assert all(
        re.search(rf"\b{name}\b", shown)
        for name in ("serve", "import", "export", "backup", "schema", "db")
    )
