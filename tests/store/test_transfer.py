"""The commands ``import``, ``export``, ``schema`` and ``db``."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support import paths
from support.gateways import COMMAND, UNTRACED, Client, Command, MakeDatabase, running

from gateway.store.migrate import REVISIONS
from schema import build_schema

Json = Any

SEED = paths.SEED.read_text()
SEED_ID = "cf6aee6c-ee6c-cf6a-6cee-6acf6cee6acf"
GRAPH = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation"}
OTHER = ("--database", "sqlite:///other.db")


@pytest.fixture
def command(run_in_process: Command) -> Command:
    """Run the commands in this process."""
    return run_in_process


@pytest.fixture
def import_operations(command: Command, tmp_path: Path) -> Callable[..., list[Json]]:
    """Import a valid text, and return all operations."""

    def run(text: str) -> list[Json]:
        (tmp_path / "in").write_text(text)
        done = command("import", "in")
        assert done.returncode == 0, done.stderr
        return export_operations(command)

    return run


def export_operations(command: Command, *options: str) -> list[Json]:
    """Return the operations in the database, the oldest first."""
    done = command("export", "-", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(operations: list[Json]) -> list[str]:
    """Return the ids of operations."""
    return [operation["id"] for operation in operations]


def lines(*values: Json) -> str:
    """Return values as NDJSON."""
    return "".join(f"{json.dumps(value)}\n" for value in values)


TWO = [{"id": "a"}, {"id": "b", "status": "Running"}]


@pytest.mark.parametrize(
    "text",
    [
        lines(*TWO),
        "\n\n" + lines(*TWO).replace("\n", "\r\n\r\n"),
        "\ufeff" + lines(*TWO).rstrip("\n"),
        json.dumps(TWO),
        json.dumps(TWO, indent=2),
        "\ufeff \n" + json.dumps(TWO, indent=4) + "\n\n",
        json.dumps({"value": TWO}),
        json.dumps({"@odata.context": "x", "@odata.count": 2, "value": TWO}, indent=1),
        lines({"value": TWO[0]}, {"value": TWO[1]}),
        lines({"value": TWO[:1]}, {"value": []}, {"value": TWO[1:]}),
        json.dumps([{"value": TWO[0]}, {"value": TWO[1:]}]),
    ],
    ids=lambda text: repr(text)[:40],
)
def test_import_reads_every_form(import_operations: Callable[..., list[Json]], text: str) -> None:
    assert [(each["id"], each["status"]) for each in import_operations(text)] == [
        ("a", "NotStarted"),
        ("b", "Running"),
    ]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"value": one}])
def test_import_reads_one_object(
    import_operations: Callable[..., list[Json]], wrap: Callable[[Json], Json], indent: int | None
) -> None:
    assert ids(import_operations(json.dumps(wrap({"id": "a"}), indent=indent))) == ["a"]


@pytest.mark.parametrize("text", ["", "\n \n", "[]", "[ ]\n", '{"value": []}'])
def test_import_of_nothing_is_done(import_operations: Callable[..., list[Json]], text: str) -> None:
    assert import_operations(text) == []


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        ("completed", "Completed"),
        ("Completed", "Completed"),
        ("notStarted", "NotStarted"),
        (None, "NotStarted"),
    ],
)
def test_import_reads_a_status_of_graph(
    import_operations: Callable[..., list[Json]], status: str | None, kept: str
) -> None:
    (operation,) = import_operations(lines({**GRAPH, "id": "a", "status": status}))

    assert operation["status"] == kept


def test_import_keeps_what_graph_does_not_declare_at_every_level(
    import_operations: Callable[..., list[Json]],
) -> None:
    user = {"@odata.type": "x", "id": "u", "tenantId": "t", "n": [1.0, 10**30]}
    identity = {"@odata.type": "x", "user": user, "robot": {"id": "r"}}
    participant = {"identity": identity, "region@odata.type": "x", "mood": None, "region": "amer"}
    result = {"@odata.type": "x", "code": 200, "subcode": 0}
    content = {"participants": [participant], "resultInfo": result, "new": {"@odata.type": "kept"}}
    (operation,) = import_operations(lines({**GRAPH, "id": "a", "client_context": None, **content}))

    assert operation["additionalProperties"] == {"new": {"@odata.type": "kept"}}
    assert operation["resultInfo"] == {"code": 200, "subcode": 0}
    (kept,) = operation["participants"]
    assert kept.pop("identity") == {
        "user": {"id": "u", "additionalProperties": {"tenantId": "t", "n": [1.0, 10**30]}},
        "additionalProperties": {"robot": {"id": "r"}},
    }
    assert kept == {"region": "amer", "additionalProperties": {"mood": None}}


def test_import_of_the_seed_names_its_placeholder(command: Command, tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(SEED)
    done = command("import", "seed.json")

    assert done.returncode == 1
    assert "status" in done.stderr
    assert '"String"' in done.stderr
    assert export_operations(command) == []


async def test_import_of_the_seed_with_a_status_is_served(
    command: Command, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    (tmp_path / "seed.json").write_text(SEED.replace('"String"', '"completed"'))
    assert (await asyncio.to_thread(command, "import", "seed.json")).returncode == 0
    one = "status clientContext version resultInfo { code subcode message } participants { region"
    one += " languageId replacesCallId identity { application { id displayName } user { id } } }"
    field = "InviteParticipantsOperation"
    with running(tmp_path) as server:
        client = Client(http, server.url)
        got = await client.data(
            f"query ($id: ID!) {{ got: inviteParticipantsOperation(id: $id) {{ {one} }}"
            f" listed: inviteParticipantsOperations {{ nodes {{ {one} }} }} }}",
            id=SEED_ID,
        )
        written = await client.data(
            f"mutation ($id: ID!) {{ u: update{field}(input: {{ id: $id, status: Failed }})"
            f" {{ operation {{ version status }} }} d: delete{field}(input: {{ id: $id }})"
            " { deletedId } }",
            id=SEED_ID,
        )

    assert got["listed"]["nodes"] == [got["got"]]
    assert got["got"] == {
        "status": "Completed",
        "clientContext": "Client Context value",
        "version": 1,
        "resultInfo": {"code": 4, "subcode": 7, "message": "Message value"},
        "participants": [
            {
                "region": "Region value",
                "languageId": "Language Id value",
                "replacesCallId": "Replaces Call Id value",
                "identity": {
                    "application": {"id": "Id value", "displayName": "Display Name value"},
                    "user": {"id": None},
                },
            }
        ],
    }
    assert written == {
        "u": {"operation": {"version": 2, "status": "Failed"}},
        "d": {"deletedId": SEED_ID},
    }


BAD: dict[bytes, str] = {
    b"{": "not JSON",
    b"nonsense": "not JSON",
    b'{"id": NaN}': "not JSON",
    b'{"id": "\xff"}': "Unicode",
    b"\xff": "not JSON",
    b'{"id": "\\ud800"}': "Unicode",
    b'{"id": "\\u0000"}': "id",
    b"1": "object",
    b"null": "object",
    b'"text"': "object",
    b'{"id": 1}': "id",
    b'{"id": ""}': "id",
    b'{"status": "Paused"}': "status",
    b'{"unknown": 1}': "unknown",
    b'{"version": 0}': "version",
    b'{"version": 2147483648}': "version",
    b'{"version": 99999999999999999999}': "version",
    b'{"createdAt": "yesterday"}': "createdAt",
    b'{"participants": [{}]}': "participants.0.identity",
    b'{"resultInfo": {"code": "1", "subcode": 0}}': "resultInfo.code",
    b'{"additionalProperties": {"a": 1e400}}': "1e400",
    b'{"additionalProperties": {"a": %s}}' % (b"9" * 5000): "digits",
    b'{"a": ' * 5000 + b"1" + b"}" * 5000: "deep",
}


def test_import_reports_every_bad_line_and_stores_the_others(
    command: Command, tmp_path: Path
) -> None:
    good = [b'{"id": "%d"}' % n for n in range(len(BAD) + 1)]
    content = [line for pair in zip(good, [*BAD, b""], strict=True) for line in pair]
    (tmp_path / "in").write_bytes(b"\n".join(content) + b"\n")
    done = command("import", "in")

    messages = [line for line in done.stderr.splitlines() if line.startswith("in: ")]
    assert done.returncode == 1, done.stderr
    assert ids(export_operations(command)) == [str(n) for n in range(len(BAD) + 1)]
    wanted = {2 * n + 2: reason for n, reason in enumerate(BAD.values())}
    found = {
        number: line for line in messages for number in wanted if f"in: line {number}: " in line
    }
    assert list(found) == list(wanted)
    assert {n: line for n, line in found.items() if wanted[n] not in line} == {}


@pytest.mark.parametrize("bad", [b"nonsense", b'{"id": "\xff"}', b'{"unknown": 1}', b"1"])
@pytest.mark.parametrize("place", [1, 3])
def test_import_reports_a_bad_line_at_either_end(
    command: Command, tmp_path: Path, bad: bytes, place: int
) -> None:
    content = [b'{"id": "a"}', b'{"id": "b"}']
    content.insert(place - 1, bad)
    (tmp_path / "in").write_bytes(b"\n".join(content))
    done = command("import", "in")

    assert done.returncode == 1, done.stderr
    assert [
        f"in: line {place}: " in line for line in done.stderr.splitlines() if "in: " in line
    ] == [True]
    assert ids(export_operations(command)) == ["a", "b"]


def test_import_with_several_bad_lines_at_the_beginning_takes_the_others(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("bad\nworse\n" + lines(*TWO))
    done = command("import", "in")

    assert done.returncode == 1
    assert "in: line 1: " in done.stderr
    assert "in: line 2: " in done.stderr
    assert ids(export_operations(command)) == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": "a"}, {"id": ',
        '[{"id": "a"}, x, {"id": "c"}]',
        '[{"id": "a"}',
        '[{"id": "a"},\n\n}',
        '[{"id": "a"}] x',
        '[{"id": "a"}]\nx\n[{"id": "b"}]',
        '[{"id": "a"} {"id": "b"}]',
    ],
)
def test_import_of_a_broken_array_is_reported(command: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "in").write_text(text)
    done = command("import", "in")

    assert done.returncode == 1, done.stderr
    assert "in: line " in done.stderr
    assert ids(export_operations(command))[:1] == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_import_takes_lists_a_line_in_each_encoding(
    command: Command, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "in").write_text('[{"id": "a"}]\n[[{"id": "b"}], {"id": "c"}]\n', encoding)
    done = command("import", "in")

    assert done.returncode == 0, done.stderr
    assert ids(export_operations(command)) == ["a", "b", "c"]


def test_import_reports_the_line_in_a_long_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(("\n" * 99 + '{"id": "a"}\n') * 1_000 + "bad")
    done = command("import", "in")

    assert "in: line 100001: not JSON" in done.stderr


def test_import_of_an_item_refused_in_an_array_takes_the_others(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text(json.dumps([TWO[0], {"status": "x"}, TWO[1]], indent=1))
    done = command("import", "in")

    assert done.returncode == 1
    assert "in: line 5: status" in done.stderr
    assert ids(export_operations(command)) == ["a", "b"]


@pytest.mark.parametrize(
    "text", [lines(*TWO), lines({**GRAPH, "status": "running"}, {"callId": "c"})]
)
def test_import_twice_changes_nothing(
    import_operations: Callable[..., list[Json]], text: str
) -> None:
    assert import_operations(text) == import_operations(text)


def test_import_of_another_state_replaces(import_operations: Callable[..., list[Json]]) -> None:
    (before,) = import_operations(
        lines({"id": "a", "callId": "c", "participants": [{"identity": {}}]})
    )
    (after,) = import_operations(lines({"id": "a", "status": "Failed"}))

    assert after == {
        "id": "a",
        "status": "Failed",
        "participants": [],
        "version": 2,
        "createdAt": before["createdAt"],
        "updatedAt": after["updatedAt"],
        "endedAt": after["updatedAt"],
    }


def test_import_keeps_when_an_operation_ended(import_operations: Callable[..., list[Json]]) -> None:
    times = {"createdAt": "2026-01-31T09:30:00Z", "updatedAt": "2026-01-31T09:31:00Z"}
    ended = import_operations(
        lines(
            {"id": "a", "status": "Failed", **times, "endedAt": "2026-01-31T10:30:07+01:00"},
            {"id": "b", "status": "Completed", **times},
            {"id": "c", "status": "Running", **times, "endedAt": "2026-01-31T09:30:07Z"},
        )
    )

    assert [operation.get("endedAt") for operation in ended] == [
        "2026-01-31T09:30:07.000000Z",
        "2026-01-31T09:31:00.000000Z",
        None,
    ]


def test_export_into_a_new_database_gives_the_same_export(command: Command, tmp_path: Path) -> None:
    times = {"createdAt": "2026-01-31T10:30:00+01:00", "updatedAt": "2026-02-01T00:00:00.5Z"}
    numbers = {"n": [1.0, 1e22, 10**30, -0.0, None], "\u2028": "\u2028\x85\r\n\U0001f600"}
    (tmp_path / "in").write_text(
        lines(
            {"id": "z", "version": 7, **times, "additionalProperties": numbers},
            {"id": "a", "status": "Failed"},
            {},
        )
    )
    command("import", "in")
    command("export", "one")
    command("import", "one", *OTHER)
    command("export", "two", *OTHER)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    first = json.loads((tmp_path / "one").read_bytes().splitlines()[0])
    assert (first["version"], first["createdAt"]) == (7, "2026-01-31T09:30:00.000000Z")
    assert json.dumps(first["additionalProperties"]) == json.dumps(numbers)


def test_import_reads_standard_input(command: Command) -> None:
    done = command("import", "-", stdin=lines(*TWO))

    assert done.returncode == 0, done.stderr
    assert ids(export_operations(command)) == ["a", "b"]


@pytest.mark.parametrize("arguments", [("import", "none"), ("import", "."), ("export", "none/x")])
def test_missing_file_is_reported(command: Command, arguments: tuple[str, str]) -> None:
    command("db", "upgrade")
    done = command(*arguments)

    assert done.returncode == 2
    assert arguments[1] in done.stderr
    assert "Traceback" not in done.stderr


def test_export_of_a_missing_database_is_reported_and_creates_none(
    command: Command, tmp_path: Path
) -> None:
    done = command("export", "out")

    assert done.returncode == 2
    assert "There is no database at operations.db" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_export_of_an_older_database_is_reported_and_does_not_change_it(
    command: Command, tmp_path: Path
) -> None:
    database = tmp_path / "operations.db"
    command("db", "upgrade")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [REVISIONS[0]])
    before = database.read_bytes()
    done = command("export", "out")

    assert done.returncode == 2
    assert "db upgrade" in done.stderr
    assert database.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_export_replaces_a_file_only_when_told(command: Command, tmp_path: Path) -> None:
    command("db", "upgrade")
    (tmp_path / "out").write_text("precious")
    refused = command("export", "out")
    kept = (tmp_path / "out").read_text()
    done = command("export", "out", "--replace")

    assert (refused.returncode, kept) == (2, "precious")
    assert "--replace" in refused.stderr
    assert (done.returncode, (tmp_path / "out").read_text()) == (0, "")


@pytest.mark.parametrize("arguments", [("export",), ("export", "--replace"), ("backup",)])
@pytest.mark.parametrize(
    "file",
    [
        "operations.db",
        "./operations.db",
        "linked",
        "link",
        "operations.db-wal",
        "operations.db-shm",
    ],
)
def test_database_is_never_written_over(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], file: str
) -> None:
    database = tmp_path / "operations.db"
    (tmp_path / "in").write_text(lines(*TWO))
    command("import", "in")
    (tmp_path / "link").symlink_to(database)
    (tmp_path / "linked").hardlink_to(database)
    before = database.read_bytes()
    done = command(*arguments, file)

    assert done.returncode == 2
    assert "is the database itself, or a part of it" in done.stderr
    assert database.read_bytes() == before
    assert not (tmp_path / "operations.db-wal").exists()


def test_export_into_a_folder_is_reported(command: Command) -> None:
    command("db", "upgrade")
    done = command("export", ".")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_unwritable_export_is_reported(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(lines(*({"clientContext": "x" * 200} for _ in range(500))))
    command("import", "in")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, "export", "-"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_export_to_a_reader_that_stops_is_quiet(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(lines(*({"clientContext": "x" * 200} for _ in range(500))))
    command("import", "in")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [COMMAND, "export", "-"], cwd=tmp_path, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()

    assert process.returncode == 1
    assert b"Traceback" not in errors


# A process counts the memory of the one that started it as its own until then: hence a small one.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL, timeout=120, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(folder: Path, *arguments: str) -> int:
    """Run a command for at most two minutes, and return its peak memory in KiB."""
    measuring: list[str | Path] = [sys.executable, "-c", MEASURED, COMMAND, *arguments]
    env = os.environ | UNTRACED
    return int(subprocess.check_output(measuring, cwd=folder, env=env, text=True))


@pytest.mark.each_database
@pytest.mark.parametrize("form", ["lines", "array"])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, new_database: MakeDatabase, form: str
) -> None:
    person = {"identity": {"user": {"id": "u" * 36, "displayName": "n" * 500}}}
    peaks: list[tuple[int, int]] = []
    for count in (1_000, 20_000):
        items = [{"id": f"{count}-{n}", "participants": [person] * 3} for n in range(count)]
        (tmp_path / "in").write_text(lines(*items) if form == "lines" else json.dumps(items))
        variables = {"INVITE_GATEWAY_DATABASE": f"sqlite:///{count}.db"} | new_database()
        database = ("--database", variables["INVITE_GATEWAY_DATABASE"])
        peaks.append(
            (
                peak(tmp_path, "import", "in", *database),
                peak(tmp_path, "export", f"{count}", *database),
            )
        )

    (small_in, small_out), (large_in, large_out) = peaks
    assert large_in - small_in < 30 * 1024
    assert large_out - small_out < 30 * 1024


def test_schema_export_gives_both_formats(command: Command, tmp_path: Path) -> None:
    sdl, introspection = (command("schema", "export", "--format", form) for form in ("sdl", "json"))

    assert sdl.stdout == build_schema().sdl() == command("schema", "export").stdout
    assert "__schema" in json.loads(introspection.stdout)["data"]
    for name, done in (("old.graphql", sdl), ("old.json", introspection)):
        (tmp_path / name).write_text(done.stdout)
        same = command("schema", "check", name)
        assert (same.returncode, same.stdout) == (0, "")


def test_schema_check_lists_breaking_changes(command: Command, tmp_path: Path) -> None:
    (tmp_path / "old").write_text(
        build_schema().sdl().replace("type PageInfo {", "type PageInfo { x: Int ")
    )
    done = command("schema", "check", "old")

    assert (done.returncode, done.stdout) == (1, "breaking: Field PageInfo.x was removed.\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "{",
        "{}",
        '{"data": 1}',
        '{"data": {"__schema": {}}}',
        "type A { b: C }",
        "\x00",
        '{"__schema": {"types": 1}}',
        '{"__schema": {"queryType": {"name": "Q"}, "types": []}}',
    ],
)
def test_schema_check_of_garbage_is_reported(command: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "old").write_text(text)
    done = command("schema", "check", "old")

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_schema_check_of_a_missing_file_is_reported(command: Command) -> None:
    assert command("schema", "check", "none").returncode == 2


def test_db_upgrade_makes_what_db_check_misses(command: Command, tmp_path: Path) -> None:
    before = command("db", "check")
    assert not (tmp_path / "operations.db").exists()
    upgrades = [command("db", "upgrade") for _ in range(2)]
    after = command("db", "check")

    assert [done.returncode for done in (before, *upgrades, after)] == [1, 0, 0, 0]
    assert "is empty" in before.stderr
    assert "is up to date now" in upgrades[0].stderr
    assert "was up to date" in upgrades[1].stderr
