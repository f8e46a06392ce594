"""The command that fills a database with sample operations and continues to create some."""

import json
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateways import COMMAND, Client, Command, running
from support.sockets import connected
from support.waiting import WITHIN

Json = Any

RESULTS = {(200, 0), (200, 8515), (400, 8508), (0, 7015), (412, 9999), (500, 7106)}
STATUSES = {"NotStarted", "Running", "Completed", "Failed"}


def export_operations(command: Command, *options: str) -> list[Json]:
    """Return the operations in the database, the oldest first."""
    done = command("export", "-", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def filled(run_in_process: Command) -> list[Json]:
    """The operations of a database that was filled."""
    done = run_in_process("demo", "--once")
    assert done.returncode == 0, done.stderr
    assert "300 sample operations" in done.stderr
    return export_operations(run_in_process)


def test_demo_makes_every_kind_of_operation(filled: list[Json]) -> None:
    results = [each["resultInfo"] for each in filled if "resultInfo" in each]
    kinds = Counter(
        kind for each in filled for one in each["participants"] for kind in one["identity"]
    )

    assert len(filled) == 300
    assert {each["status"] for each in filled} == STATUSES
    assert {(result["code"], result["subcode"]) for result in results} == RESULTS
    assert set(kinds) == {"user", "phone", "guest", "application", "applicationInstance"}
    assert kinds.most_common(1)[0][0] == "user"
    assert all(1 <= len(each["participants"]) <= 5 for each in filled)
    assert len({each["callId"] for each in filled}) > 50
    assert {each["clientContext"][:6] for each in filled} == {"demo: "}


def test_demo_sets_results_only_of_ended_operations(filled: list[Json]) -> None:
    for each in filled:
        result = each.get("resultInfo")
        assert (result is not None) == (each["status"] in {"Completed", "Failed"})
        if result:
            assert (result["code"] >= 400) == (each["status"] == "Failed")


def test_demo_spreads_operations_over_the_past_weeks(filled: list[Json]) -> None:
    now = datetime.now(UTC)
    created = [datetime.fromisoformat(each["createdAt"]) for each in filled]
    updated = [datetime.fromisoformat(each["updatedAt"]) for each in filled]

    assert created == sorted(created)
    assert len({at.date() for at in created}) > 14
    assert now - timedelta(days=30) < created[0]
    assert max(created + updated) <= now
    for each, start, end in zip(filled, created, updated, strict=True):
        assert (end > start) == (each["version"] > 1)
        assert end - start < timedelta(minutes=5)


async def test_demo_writes_histories_of_then(
    filled: list[Json], tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path) as gateway:
        data = await Client(http, gateway.url).data(
            "{ changes(first: 500) { nodes { at kind version operationId } } }"
        )
    nodes = data["changes"]["nodes"]
    times = [node["at"] for node in nodes]
    first = [node for node in nodes if node["operationId"] == filled[0]["id"]]

    assert times == sorted(times)
    assert [node["version"] for node in first] == list(range(1, filled[0]["version"] + 1))
    assert (first[0]["at"], first[0]["kind"]) == (filled[0]["createdAt"], "CREATED")
    assert (first[-1]["at"], first[-1]["kind"]) == (filled[0]["updatedAt"], "UPDATED")


def content(operation: Json) -> Json:
    """Return an operation's content without its times and progress."""
    return {key: operation[key] for key in ("id", "callId", "clientContext", "participants")}


def test_demo_makes_the_same_for_the_same_seed(run_in_process: Command) -> None:
    by_seed = {}
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        database = ("--database", f"sqlite:///{name}.db")
        done = run_in_process("demo", "--once", "--operations", "40", "--seed", seed, *database)
        assert done.returncode == 0, done.stderr
        by_id = {each["id"]: content(each) for each in export_operations(run_in_process, *database)}
        assert len(by_id) == 40
        by_seed[name] = by_id

    assert by_seed["a"] == by_seed["b"]
    assert not by_seed["a"].keys() & by_seed["c"].keys()


@pytest.mark.parametrize("count", ["1", "3", "5"])
def test_demo_makes_as_few_as_wanted(run_in_process: Command, count: str) -> None:
    assert run_in_process("demo", "--once", "--operations", count).returncode == 0
    assert len(export_operations(run_in_process)) == int(count)


def test_demo_refuses_a_database_with_other_operations(run_in_process: Command) -> None:
    run_in_process("import", "-", stdin='{"id": "precious"}\n')
    refused = run_in_process("demo", "--once")
    kept = export_operations(run_in_process)
    added = run_in_process("demo", "--once", "--add", "--operations", "5")

    assert refused.returncode == 2
    assert "operations.db has operations that were not made by this command: 1." in refused.stderr
    assert "--add" in refused.stderr
    assert [each["id"] for each in kept] == ["precious"]
    assert added.returncode == 0, added.stderr
    assert len(export_operations(run_in_process)) == 6


def test_demo_started_again_adds_no_more_of_the_past(
    run_in_process: Command, filled: list[Json]
) -> None:
    again = run_in_process("demo", "--once")

    assert again.returncode == 0
    assert "300 sample operations; no past ones are added" in again.stderr
    assert export_operations(run_in_process) == filled


def test_demo_started_twice_at_once_makes_each_operation_once(
    command: Command, run_in_process: Command
) -> None:
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: command("demo", "--once"), range(2)))

    assert [done.returncode for done in runs] == [0, 0], [done.stderr for done in runs]
    assert len({each["id"] for each in export_operations(run_in_process)}) == 300


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--operations", "0"), "--operations"),
        (("--operations", "10001"), "--operations"),
        (("--operations", "many"), "--operations"),
        (("--seed", "x"), "--seed"),
        (("--database", "mysql://x"), "--database"),
        (("--database", "sqlite:///none/x.db"), "The folder none"),
    ],
)
def test_demo_names_invalid_options(
    run_in_process: Command, options: tuple[str, str], named: str
) -> None:
    done = run_in_process("demo", "--once", *options)

    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def small(run_in_process: Command) -> None:
    """Fill the database with a few operations."""
    done = run_in_process("demo", "--once", "--operations", "5")
    assert done.returncode == 0, done.stderr


@contextmanager
def running_demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block is left."""
    with subprocess.Popen(
        [COMMAND, "demo"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def stop(process: subprocess.Popen[str], how: signal.Signals) -> str:
    """Stop the command and return its output."""
    process.send_signal(how)
    _, output = process.communicate(timeout=WITHIN)
    assert process.returncode == 0, output
    return output


NO_PINGS = ("--heartbeat-seconds", "600")
FOLLOW = "subscription { changes { operationId kind version changedFields } }"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_demo_runs_beside_a_gateway_until_stopped(
    tmp_path: Path, http: aiohttp.ClientSession, how: signal.Signals
) -> None:
    with running(tmp_path, *NO_PINGS) as gateway:
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(FOLLOW)
            with running_demo(tmp_path) as process:
                seen: dict[str, list[int]] = {}
                while not any(versions == [1, 2, 3] for versions in seen.values()):
                    change = await socket.change()
                    seen.setdefault(change["operationId"], []).append(change["version"])
                output = stop(process, how)

    assert re.search(r"Stopped\. Created: [1-9]\d*, changed: [1-9]\d*\.", output)
    assert "Traceback" not in output


@pytest.mark.usefixtures("small")
async def test_demo_does_not_change_operations_of_others(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, *NO_PINGS) as gateway:
        client = Client(http, gateway.url)
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(FOLLOW)
            with running_demo(tmp_path) as process:
                ended = 0
                while ended < 2:
                    change = await socket.change()
                    if change["kind"] == "CREATED":
                        await client.delete(change["operationId"])
                    ended += change["kind"] == "DELETED"
                output = stop(process, signal.SIGINT)

    assert "Traceback" not in output
