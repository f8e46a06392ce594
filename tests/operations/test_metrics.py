"""The metrics for Prometheus."""

import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.documents import CHANGE_CURSOR, COUNT, FOLLOW
from support.gateways import Client, Gateway, children, running
from support.metrics import page, values
from support.paths import ROOT
from support.sockets import connected

DOCUMENTS = ROOT / "benchmarks" / "documents"
VARIABLES: dict[str, dict[str, Any]] = {
    "create": {
        "input": {"id": "measured", "participants": [{"identity": {"phone": {"id": "+1"}}}]}
    },
    "end": {"id": "measured", "context": "at the end"},
    "filter": {"first": 50, "status": "Running", "user": "ada"},
    "get": {"id": "measured"},
    "list": {"first": 50},
    "list_four": {"first": 50},
    "page": {"first": 10, "after": None},
    "update": {"id": "measured", "context": "again"},
}


async def test_metrics_count_compiled_operations_and_reasons_of_others(
    client: Client,
) -> None:
    await client.data("{ __typename }")
    await client.data("{ __schema { queryType { name } } }")
    await client.data('{ __type(name: "Query") { name } }')

    assert await values(client, "compiled_operations") == {"": 1}
    assert await values(client, "declined_operations") == {"introspection": 2}


async def test_requests_and_errors_are_counted(client: Client) -> None:
    for query in ("{ __typename }", "{", "{ nowhere }", "{ elsewhere }"):
        await client.answer(query)
    async with client.session.get(f"{client.url}/nowhere") as response:
        assert response.status == 404
    async with client.session.post(
        f"{client.url}/graphql",
        json={"query": CHANGE_CURSOR},
        headers={"Accept": "text/event-stream"},
    ) as response:
        assert response.status == 200

    assert await values(client, "requests") == {"2xx http": 4, "4xx http": 1, "2xx sse": 1}
    assert await values(client, "errors") == {
        "GRAPHQL_PARSE_FAILED": 1,
        "GRAPHQL_VALIDATION_FAILED": 2,
        "BAD_USER_INPUT": 1,
    }


async def test_durations_are_kept_of_so_many_names_and_no_more(client: Client) -> None:
    for number in range(103):
        await client.data(f"query Q{number} {{ __typename }}")
    await client.data("mutation Q0 { __typename }")
    await client.data("{ __typename }")

    counts = await values(client, "operation_duration_seconds", suffix="_count")
    assert counts["other query"] == 3
    assert counts["Q0 query"] == counts["Q99 query"] == counts["Q0 mutation"] == 1
    assert counts[" query"] == 1
    assert len(counts) == 103


async def test_active_operations_are_counted(client: Client) -> None:
    streaming = {"json": {"query": FOLLOW}, "headers": {"Accept": "text/event-stream"}}
    async with (
        connected(client.session, client.url) as ws,
        client.session.post(f"{client.url}/graphql", **streaming) as stream,  # type: ignore[arg-type]
    ):
        await ws.subscribe(FOLLOW, "1")
        await ws.subscribe(FOLLOW, "2")
        await client.create(id="one")
        await ws.payload("1")
        await ws.payload("2")
        await stream.content.readuntil(b"data: ")

        assert await values(client, "requests_under_way") == {"websocket": 1, "sse": 1, "http": 1}
        assert await values(client, "subscriptions") == {"websocket": 2, "sse": 1}
        assert await values(client, "subscription_events") == {"websocket": 2, "sse": 1}
    while await values(client, "subscriptions"):
        pass

    assert await values(client, "requests_under_way") == {"http": 1}
    assert await values(client, "subscription_events") == {"websocket": 2, "sse": 1}


async def test_store_operations_are_measured(client: Client) -> None:
    for number in range(3):
        await client.create(id=str(number))
    await client.data("{ inviteParticipantsOperation(id: 1) { id } }")
    await client.data(COUNT)

    sizes = await values(client, "store_batch_size", suffix="_sum")
    done = await values(client, "store_duration_seconds", suffix="_count")
    assert (sizes["write"] >= 3, sizes["read"] >= 1) == (True, True)
    assert (done["write"] >= 3, done["read"] >= 1) == (True, True)
    assert (await values(client, "store_loop_reads"))[""] >= 1
    assert await values(client, "store_waiting") == {}
    assert await values(client, "change_log_position") == {"": 3}
    assert await values(client, "change_log_changes") == {"": 3}


async def test_page_shows_all_workers_whichever_answers(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--workers", "3") as gateway:
        for _ in range(30):
            async with aiohttp.ClientSession() as session:  # a connection of its own
                await Client(session, gateway.url).data("{ __typename }")
        metrics = await page(Client(http, gateway.url))

    requests = metrics["invite_gateway_requests"].samples
    assert sum(sample.value for sample in requests if sample.labels["status"] == "2xx") == 30
    up = metrics["invite_gateway_worker_up"].samples
    assert {sample.labels["worker"]: sample.value for sample in up} == {"1": 1, "2": 1, "3": 1}
    memory = metrics["process_resident_memory_bytes"].samples
    assert {sample.labels["worker"] for sample in memory} == {"1", "2", "3"}


async def test_page_does_without_a_worker_that_is_stuck(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as gateway:
        stuck = min(children(gateway.process.pid))
        os.kill(stuck, signal.SIGSTOP)
        try:
            up = await request_until_answered(gateway)
        finally:
            os.kill(stuck, signal.SIGCONT)

    assert sorted(up) == [0, 1]


async def request_until_answered(gateway: Gateway) -> list[float]:
    """Send requests on separate connections, some to a stuck worker, until one is answered."""
    while True:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(3)) as session:
            try:
                metrics = await page(Client(session, gateway.url))
            except TimeoutError:
                continue
            return [sample.value for sample in metrics["invite_gateway_worker_up"].samples]


async def test_metrics_are_there_to_be_read_only(client: Client) -> None:
    async with client.session.post(f"{client.url}/metrics") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("name", sorted(VARIABLES))
async def test_operation_of_the_benchmark_is_compiled(client: Client, name: str) -> None:
    document = (DOCUMENTS / f"{name}.graphql").read_text()
    if "...AllFields" in document:
        document += (DOCUMENTS / "all_fields.graphql").read_text()
    await client.data(document, **VARIABLES[name])

    assert await values(client, "compiled_operations") == {"": 1}
    assert await values(client, "declined_operations") == {}


def test_every_document_of_the_benchmark_is_tried() -> None:
    documents = {path.stem for path in DOCUMENTS.glob("*.graphql")}

    assert documents - {"all_fields", "follow"} == set(VARIABLES)  # a fragment, a subscription
