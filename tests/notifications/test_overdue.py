"""Overdue operations: those that have not ended in time."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from support.gateways import Client, Command, running
from support.graph_notifications import Graph, notification
from support.waiting import WITHIN

LIST = """
    query ($filter: InviteParticipantsOperationFilter) {
      inviteParticipantsOperations(filter: $filter, orderBy: { id: ASC }) { nodes { id } }
    }
"""
LITERAL = "{ inviteParticipantsOperations(filter: { overdue: true }) { nodes { id } } }"


def ago(seconds: float) -> str:
    """Return the time so many seconds ago."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def url(tmp_path: Path, run_in_process: Command) -> Iterator[str]:
    """The URL of a gateway that waits 10 minutes, with old and new operations."""
    operations = [
        f'{{"id": "{status} {age}", "status": "{status}", "createdAt": "{ago(age)}"}}\n'
        for status in ("NotStarted", "Running", "Completed", "Failed")
        for age in (500, 700)
    ]
    assert run_in_process("import", "-", stdin="".join(operations)).returncode == 0
    with running(tmp_path, "--overdue-seconds", "600") as gateway:
        yield gateway.url


async def ids(client: Client, filter_: Any) -> list[str]:  # noqa: ANN401  JSON
    """Return the ids of the operations that match a filter."""
    data = await client.data(LIST, filter=filter_)
    return [node["id"] for node in data["inviteParticipantsOperations"]["nodes"]]


@pytest.mark.each_database
@pytest.mark.usefixtures("database_url")
async def test_overdue_operations_are_those_that_are_old_and_have_not_ended(
    http: aiohttp.ClientSession, url: str
) -> None:
    client = Client(http, url)
    overdue = ["NotStarted 700", "Running 700"]

    assert await ids(client, {"overdue": True}) == overdue
    assert await ids(client, {"overdue": True, "status": {"eq": "Running"}}) == ["Running 700"]
    assert await ids(client, {"not": {"overdue": False}}) == overdue
    assert len(await ids(client, {"overdue": False})) == 6
    answer = await client.answer(LIST, filter={"overdue": None})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_result_ends_being_overdue(http: aiohttp.ClientSession, url: str) -> None:
    await Graph(http, url).notify(notification(id="Running 700", status="failed"))

    assert await ids(Client(http, url), {"overdue": True}) == ["NotStarted 700"]


async def test_overdue_operations_are_counted(http: aiohttp.ClientSession, url: str) -> None:
    page = ""
    async with asyncio.timeout(WITHIN):
        while "invite_gateway_overdue_operations 2.0" not in page:
            async with http.get(f"{url}/metrics") as response:
                page = await response.text()


async def test_answer_is_as_of_now_and_not_of_an_earlier_request(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    hidden = '{"query": %s, "variables": {"filter": {"\\u006fverdue": true}}}'
    by_get = f"?query={quote(LITERAL)}"

    with running(tmp_path, "--overdue-seconds", "0.5") as gateway:
        client = Client(http, gateway.url)
        id_ = await client.create()
        body = hidden % json.dumps(LIST)
        headers = {"Content-Type": "application/json"}
        answers: list[list[str]] = [[], [], []]
        tags: set[str | None] = set()
        async with asyncio.timeout(WITHIN):
            while not all(answers):
                async with http.get(f"{gateway.url}/graphql{by_get}") as response:
                    tags.add(response.headers.get("ETag"))
                    answers[0] = nodes(await response.json())
                async with http.post(
                    f"{gateway.url}/graphql", data=body, headers=headers
                ) as response:
                    answers[1] = nodes(await response.json())
                answers[2] = await ids(client, {"overdue": True})

    assert answers == [[id_]] * 3
    assert tags == {None}


def nodes(answer: Any) -> list[str]:  # noqa: ANN401  JSON
    """Return the ids in a response."""
    return [node["id"] for node in answer["data"]["inviteParticipantsOperations"]["nodes"]]
