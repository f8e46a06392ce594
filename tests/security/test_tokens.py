"""Tokens in a file: created, listed and revoked by the command, and read at once."""

import asyncio
import json
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from support.bearers import READ, WRITE, answer, auth_headers, read_to_end, status, token
from support.documents import FOLLOW
from support.gateways import COMMAND, Client, Command, Gateway, running
from support.sockets import connected
from support.waiting import WITHIN

from gateway.auth.token_file import Token, TokenFile

GUARDED = ("--auth", "tokens")


def content(folder: Path) -> list[dict[str, object]]:
    """Return the content of the file."""
    tokens: list[dict[str, object]] = json.loads((folder / "tokens.json").read_text())["tokens"]
    return tokens


def write_tokens(folder: Path, tokens: list[dict[str, object]]) -> None:
    """Replace the file atomically."""
    (folder / "new.json").write_text(json.dumps({"tokens": tokens}))
    (folder / "new.json").replace(folder / "tokens.json")


async def wait_for_status(client: Client, secret: str, expected: int) -> None:
    """Send requests until they are answered as expected."""
    async with asyncio.timeout(WITHIN):
        while await status(client, secret) != expected:
            pass


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that accepts the tokens in the test's folder."""
    with running(tmp_path, *GUARDED) as gateway:
        yield gateway


@pytest.fixture
async def client(http: aiohttp.ClientSession, guarded: Gateway) -> Client:
    """A client of it."""
    return Client(http, guarded.url)


# ---- the command ----


def test_create_prints_the_token_and_keeps_its_hash(
    run_in_process: Command, tmp_path: Path
) -> None:
    done = run_in_process("token", "create", "support", "--scope", "read", "--scope", "write")
    secret = done.stdout.strip()
    file = tmp_path / "tokens.json"
    (token,) = content(tmp_path)

    assert re.fullmatch(r"igw_[\w-]{43}", secret)
    assert secret not in file.read_text() + done.stderr
    assert token["sha256"] == sha256(secret.encode()).hexdigest()
    assert (token["name"], token["scopes"]) == ("support", [READ, WRITE])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


NAMES = ("--read-scope", "see", "--write-scope", "do", "--introspection-scope", "look")


async def test_token_with_the_gateways_scopes_is_accepted(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    scopes = [word for scope in ("read", "write", "introspection") for word in ("--scope", scope)]
    secret = token(tmp_path, "create", "support", *scopes, *NAMES)
    with running(tmp_path, *GUARDED, *NAMES) as gateway:
        sent = await answer(
            Client(http, gateway.url), secret, "{ __schema { queryType { name } } }"
        )

    assert content(tmp_path)[0]["scopes"] == ["see", "do", "look"]
    assert sent[0] == 200
    assert "errors" not in sent[1]


def test_list_shows_all_but_the_token(run_in_process: Command) -> None:
    created = [
        run_in_process(
            "token", "create", name, "--scope", "read", "--expires", expires
        ).stdout.strip()
        for name, expires in (("a [red]", "90d"), ("b", "never"), ("c", "1h"))
    ]
    listed = run_in_process("token", "list")
    lines = listed.stdout.splitlines()

    assert [line.split("  ")[0] for line in lines[1:]] == ["a [red]", "b", "c"]
    assert "never" in lines[2]
    assert READ in listed.stdout
    assert not any(secret in listed.stdout for secret in created)


def test_list_has_a_line_for_each_token_however_long(command: Command) -> None:
    for name in ("a" * 128, "b"):
        command("token", "create", name, "--scope", "read", "--scope", "write")
    lines = command("token", "list", COLUMNS="80").stdout.splitlines()

    assert len(lines) == 3
    assert all(f"{READ} {WRITE}" in line for line in lines[1:])
    assert lines[1].startswith("a" * 128 + " ")


def test_list_of_a_file_that_is_not_there_names_it(run_in_process: Command, tmp_path: Path) -> None:
    done = run_in_process("token", "list")

    assert done.returncode == 0
    assert f"the file {tmp_path / 'tokens.json'} does not exist" in done.stderr.replace("\n", "")


def test_list_marks_expired_tokens(run_in_process: Command, tmp_path: Path) -> None:
    run_in_process("token", "create", "old", "--scope", "read")
    write_tokens(tmp_path, [content(tmp_path)[0] | {"expiresAt": "2020-01-01T00:00:00Z"}])

    assert "2020-01-01 00:00:00 UTC (expired)" in run_in_process("token", "list").stdout


def test_revoke_removes_the_token(run_in_process: Command, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_in_process("token", "create", name, "--scope", "read")
    done = run_in_process("token", "revoke", "a")

    assert done.returncode == 0
    assert [token["name"] for token in content(tmp_path)] == ["b"]


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "a name that is taken": (("create", "there", "--scope", "read"), "Revoke it, or choose"),
    "no scope": (("create", "a"), "--scope"),
    "a scope that is none": (("create", "a", "--scope", "admin"), "Give read or write"),
    "a scope without a name": (
        ("create", "a", "--scope", "introspection"),
        "--introspection-scope",
    ),
    "a time that is none": (("create", "a", "--scope", "read", "--expires", "9y"), "90d, or never"),
    "no time": (("create", "a", "--scope", "read", "--expires", "0d"), "90d, or never"),
    "a time without end": (
        ("create", "a", "--scope", "read", "--expires", "999999999d"),
        "90d, or never",
    ),
    "a name with a line break": (("create", "a\nb", "--scope", "read"), "is not a valid name"),
    "no name": (("create", "", "--scope", "read"), "is not a valid name"),
    "revoking what is not there": (("revoke", "a"), "`token list` lists them"),
    "a folder that is not there": (
        ("create", "a", "--scope", "read", "--tokens-file", "none/tokens.json"),
        "its folder",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_command_is_reported_and_changes_nothing(
    run_in_process: Command, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    run_in_process("token", "create", "there", "--scope", "read")
    before = (tmp_path / "tokens.json").read_bytes()
    done = run_in_process("token", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
    assert (tmp_path / "tokens.json").read_bytes() == before


def ownership(path: Path) -> tuple[int, int, int]:
    """Return the owner and the permissions of a file."""
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


OTHER = 12_345 if os.geteuid() == 0 else os.getuid()
"""A user that the gateway may run as: another one, where files can be given away."""


@pytest.mark.parametrize("arguments", [("create", "b", "--scope", "read"), ("revoke", "a")])
@pytest.mark.parametrize("path", ["tokens.json", "linked.json"])
def test_file_stays_whose_it_is(
    run_in_process: Command, tmp_path: Path, arguments: tuple[str, ...], path: str
) -> None:
    file = tmp_path / "tokens.json"
    (tmp_path / "linked.json").symlink_to(file)
    run_in_process("token", "create", "a", "--scope", "read")
    os.chown(file, OTHER, OTHER if os.geteuid() == 0 else -1)
    file.chmod(0o640)
    before = ownership(file)
    done = run_in_process("token", *arguments, "--tokens-file", path)

    assert done.returncode == 0, done.stderr
    assert ownership(file) == before


def test_new_file_belongs_to_whom_its_folder_does(run_in_process: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER if os.geteuid() == 0 else -1)
    run_in_process("token", "create", "a", "--scope", "read", "--tokens-file", "folder/tokens.json")
    whose = folder.stat()

    assert ownership(folder / "tokens.json") == (whose.st_uid, whose.st_gid, 0o600)


def test_file_that_would_become_anothers_is_left_alone(
    run_in_process: Command, tmp_path: Path
) -> None:
    run_in_process("token", "create", "a", "--scope", "read")
    file = tmp_path / "tokens.json"
    os.chown(file, OTHER, -1)
    before = ownership(file), file.read_bytes()
    refusing = ("strace", "-f", "-e", "inject=fchown:error=EPERM", "-o", "/dev/null")
    done = subprocess.run(
        [*refusing, COMMAND, "token", "revoke", "a"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert f"user {OTHER}" in done.stderr
    assert (ownership(file), file.read_bytes()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


BROKEN = {
    "no JSON": b"{",
    "no tokens": b'{"tokens": 7}',
    "another file": b'{"name": "package"}',
    "a time without a zone": b'{"tokens": [{"name": "a", "sha256": "", "scopes": [], '
    b'"createdAt": "2020-01-01T00:00:00", "expiresAt": null}]}',
    "no UTF-8": b'{"tokens": "\xff"}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "create", "a", "--scope", "read"),
        ("token", "list"),
        ("token", "revoke", "a"),
        ("serve", "--port", "0", *GUARDED),
        ("serve", "--port", "0", "--workers", "2", *GUARDED),
    ],
    ids=["create", "list", "revoke", "serve", "serve with workers"],
)
def test_broken_file_is_reported_and_not_changed(
    run_in_process: Command, tmp_path: Path, text: bytes, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "tokens.json").write_bytes(text)
    done = run_in_process(*arguments)

    assert done.returncode == 2
    assert f"The tokens file {tmp_path / 'tokens.json'} cannot be used" in done.stderr
    assert (tmp_path / "tokens.json").read_bytes() == text


def test_tokens_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    def make(name: str) -> None:
        with TokenFile(tmp_path / "tokens.json").changing() as tokens:
            tokens[name] = Token(
                name=name, sha256="", scopes=(), created_at=datetime.now(UTC), expires_at=None
            )

    names = [str(number) for number in range(100, 150)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, names))

    assert sorted(str(token["name"]) for token in content(tmp_path)) == names
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


# ---- the gateway ----


async def test_token_counts_from_when_it_is_made_until_it_is_revoked(
    client: Client, guarded: Gateway, tmp_path: Path
) -> None:
    secret = token(tmp_path, "create", "support", "--scope", "read")
    await wait_for_status(client, secret, 200)
    token(tmp_path, "revoke", "support")
    await wait_for_status(client, secret, 401)

    assert any("has no tokens, so nobody has access" in line for line in guarded.log)
    assert secret not in "".join(guarded.log)


@pytest.mark.parametrize("path", ["tokens.json", "elsewhere/linked.json"])
async def test_revoking_ends_sockets_and_streams(client: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "linked.json").symlink_to(tmp_path / "tokens.json")
    secret = token(tmp_path, "create", "support", "--scope", "read")
    other = token(tmp_path, "create", "other", "--scope", "read")
    await wait_for_status(client, secret, 200)
    await wait_for_status(client, other, 200)
    async with (
        connected(client.session, client.url, init=False) as socket,
        connected(client.session, client.url, init=False) as staying,
        client.session.post(
            f"{client.url}/graphql",
            json={"query": FOLLOW},
            headers=auth_headers(secret) | {"Accept": "text/event-stream"},
        ) as stream,
    ):
        await socket.send(type="connection_init", payload=auth_headers(secret))
        await staying.send(type="connection_init", payload=auth_headers(other))
        await socket.message()
        await staying.message()
        file = ("--tokens-file", str(tmp_path / path))
        token(tmp_path, "revoke", "support", *file)
        closed = await socket.wait_closed()
        body = await read_to_end(stream)
        await staying.send(type="ping")

        assert closed == (
            4403,
            "Forbidden: The token is not known here, or was revoked. Send a valid token.",
        )
        assert b"event: complete" not in body
        assert await staying.message() == {"type": "pong"}


async def test_who_is_let_in_no_longer_is_told_of(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    first = token(tmp_path, "create", "first", "--scope", "read")
    second = token(tmp_path, "create", "second", "--scope", "read")
    with running(tmp_path, *GUARDED, "--log-format", "json") as gateway:
        client = Client(http, gateway.url)
        async with (
            connected(http, client.url, init=False) as stranger,
            connected(http, client.url, init=False) as renewed,
            connected(http, client.url, init=False) as revoked,
        ):
            await stranger.send(type="connection_init", payload=auth_headers("igw_wrong"))
            await stranger.wait_closed()
            for socket in (renewed, revoked):
                await socket.send(type="connection_init", payload=auth_headers(first))
                await socket.message()
            await renewed.send(type="ping", payload=auth_headers(second))
            await renewed.message()
            await renewed.send(type="ping", payload=auth_headers("igw_wrong"))
            await renewed.wait_closed()
            for accept in ("text/event-stream", 'multipart/mixed;subscriptionSpec="1.0"'):
                stream = await http.post(
                    f"{client.url}/graphql",
                    json={"query": FOLLOW},
                    headers=auth_headers(first) | {"Accept": accept},
                )
                assert stream.status == 200
            token(tmp_path, "revoke", "first")
            await revoked.wait_closed()
        gateway.stop()

    logged = [json.loads(line) for line in gateway.log if '"request_id"' in line]
    assert {
        (line["transport"], line["status"], line.get("closed"), line.get("principal"))
        for line in logged
        if line["errors"] == ["UNAUTHENTICATED"]
    } == {
        ("websocket", 101, 4403, None),
        ("websocket", 101, 4403, "second"),
        ("websocket", 101, 4403, "first"),
        ("sse", 200, None, "first"),
        ("multipart", 200, None, "first"),
    }


async def test_token_with_fewer_scopes_than_before_ends_its_sockets(
    client: Client, tmp_path: Path
) -> None:
    secret = token(tmp_path, "create", "support", "--scope", "write")
    await wait_for_status(client, secret, 200)
    async with connected(client.session, client.url, init=False) as socket:
        await socket.send(type="connection_init", payload=auth_headers(secret))
        await socket.message()
        write_tokens(tmp_path, [content(tmp_path)[0] | {"scopes": [READ]}])
        code, reason = await socket.wait_closed()

    assert (code, "fewer scopes" in str(reason)) == (4403, True)


async def test_expired_token_is_refused(client: Client, tmp_path: Path) -> None:
    secret = token(tmp_path, "create", "support", "--scope", "read")
    await wait_for_status(client, secret, 200)
    write_tokens(tmp_path, [content(tmp_path)[0] | {"expiresAt": "2020-01-01T00:00:00Z"}])
    await wait_for_status(client, secret, 401)
    _, refused = await answer(client, secret, "{ __typename }")

    assert refused["errors"][0]["message"] == "The token has expired. Send a valid token."


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text('{"tokens": ['),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["half written", "a folder"],
)
async def test_broken_file_leaves_the_tokens_read_last(
    client: Client, guarded: Gateway, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    file = tmp_path / "tokens.json"
    secret = token(tmp_path, "create", "support", "--scope", "read")
    await wait_for_status(client, secret, 200)
    whole = file.read_text()
    spoil(file)
    async with asyncio.timeout(WITHIN):
        while not any("The tokens read last stay valid" in line for line in guarded.log):
            assert await status(client, secret) == 200
    if file.is_dir():
        file.rmdir()
    logged_count = len(guarded.log)
    file.write_text(whole.replace(READ, WRITE))
    async with asyncio.timeout(WITHIN):
        while not any("was read again: 1 tokens" in line for line in guarded.log[logged_count:]):
            assert await status(client, secret) == 200

    assert await status(client, secret) == 200


async def test_missing_file_refuses_all_tokens(client: Client, tmp_path: Path) -> None:
    secret = token(tmp_path, "create", "support", "--scope", "read")
    await wait_for_status(client, secret, 200)
    (tmp_path / "tokens.json").unlink()
    await wait_for_status(client, secret, 401)


async def test_all_workers_read_the_file(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    secret = token(tmp_path, "create", "support", "--scope", "read")
    with running(tmp_path, *GUARDED, "--workers", "2") as gateway:
        client = Client(http, gateway.url)
        async with (
            connected(http, gateway.url, init=False) as one,
            connected(http, gateway.url, init=False) as two,
            connected(http, gateway.url, init=False) as three,
        ):
            sockets = (one, two, three)
            for socket in sockets:
                await socket.send(type="connection_init", payload=auth_headers(secret))
                await socket.message()
            token(tmp_path, "revoke", "support")
            closed = [(await socket.wait_closed())[0] for socket in sockets]

        assert closed == [4403] * 3
        assert await status(client, secret) == 401
