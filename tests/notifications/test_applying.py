"""The effect of Microsoft Graph's notifications on operations, in any order."""

import asyncio
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support.gateways import Client, running
from support.graph_notifications import CALL, URL, Graph, envelope, notification

pytestmark = pytest.mark.each_database

Json = Any

READ = """
    query ($id: ID!) { inviteParticipantsOperation(id: $id) {
      id callId clientContext status version
      resultInfo { code subcode message }
      participants { identity { user { id } } }
      additionalProperties
    } }
"""
RESULT = {"code": 500, "subcode": 7106, "message": "DiagCode: 500#7106.@"}
INVITED = [{"identity": {"user": {"id": "u"}}}]


@pytest.fixture
def graph(http: aiohttp.ClientSession, gateway_url: str) -> Graph:
    return Graph(http, gateway_url)


@pytest.fixture
def id_() -> str:
    """The id of an operation of the test's own."""
    return str(uuid4())


async def read(client: Client, id_: str) -> Json:
    """Return an operation as it is read."""
    return (await client.data(READ, id=id_))["inviteParticipantsOperation"]


async def test_notifications_carry_an_operation_to_its_end(
    shared: Client, graph: Graph, id_: str
) -> None:
    await graph.notify(notification("created", id=id_, status="notStarted", clientContext="c"))
    await graph.notify(notification("updated", id=id_, status="running", participants=INVITED))
    await graph.notify(notification("deleted", id=id_, status="failed", resultInfo=RESULT))

    assert await read(shared, id_) == {
        "id": id_,
        "callId": CALL,
        "clientContext": "c",
        "status": "Failed",
        "version": 3,
        "resultInfo": RESULT,
        "participants": INVITED,
        "additionalProperties": None,
    }


STEPS: list[dict[str, Json]] = [
    {"status": "notStarted", "clientContext": "c", "participants": INVITED, "a": 1},
    {"status": "running", "a": 2},
    {"status": "completed", "resultInfo": {"code": 200, "subcode": 0}},
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False], ids=["one body", "bodies"])
async def test_end_is_the_same_in_every_order(
    shared: Client, graph: Graph, id_: str, order: list[int], *, at_once: bool
) -> None:
    changes = ("created", "updated", "deleted")
    items = [notification(changes[step], id=id_, **STEPS[step]) for step in order]
    for _ in range(2):
        if at_once:
            await graph.notify(*items, *items)
        else:
            for item in items:
                await graph.notify(item, item)

    operation = await read(shared, id_)
    assert operation["status"] == "Completed"
    assert operation["clientContext"] == "c"
    assert operation["participants"] == INVITED
    assert operation["resultInfo"] == {"code": 200, "subcode": 0, "message": None}
    assert operation["version"] <= 3


@pytest.mark.parametrize("end", ["Completed", "Failed"])
@pytest.mark.parametrize("late", ["notStarted", "running", "NotStarted", "Running", None])
async def test_ended_operation_does_not_go_back(
    shared: Client, graph: Graph, id_: str, end: str, late: str | None
) -> None:
    whole = {"id": id_, "callId": CALL, "status": end, "clientContext": "c", "resultInfo": RESULT}
    await shared.create(**whole)
    before = await read(shared, id_)

    await graph.notify(
        notification("updated", id=id_, status=late, clientContext="c", resultInfo=None)
    )

    assert await read(shared, id_) == before


async def test_late_result_replaces_a_timeout_of_the_bot(
    shared: Client, graph: Graph, id_: str
) -> None:
    timed_out = {"code": 408, "subcode": 0, "message": "timed out"}
    await shared.create(id=id_, status="Failed", resultInfo=timed_out)

    await graph.notify(
        notification(id=id_, status="completed", resultInfo={"code": 200, "subcode": 0})
    )

    operation = await read(shared, id_)
    assert (operation["status"], operation["resultInfo"]["code"]) == ("Completed", 200)


@pytest.mark.parametrize("status", ["NotStarted", "Running"])
async def test_null_status_keeps_what_there_was(
    shared: Client, graph: Graph, id_: str, status: str
) -> None:
    await shared.create(id=id_, status=status)

    await graph.notify(notification("updated", id=id_, status=None, clientContext="told"))

    operation = await read(shared, id_)
    assert (operation["status"], operation["clientContext"]) == (status, "told")


async def test_new_operation_of_null_status_is_not_started(
    shared: Client, graph: Graph, id_: str
) -> None:
    await graph.notify(notification("created", id=id_, status=None))

    assert (await read(shared, id_))["status"] == "NotStarted"


async def test_omitted_fields_are_kept(shared: Client, graph: Graph, id_: str) -> None:
    given = {"clientContext": "c", "participants": INVITED, "additionalProperties": {"a": 1}}
    await shared.create(id=id_, **given)

    await graph.notify(
        notification(
            id=id_, status="completed", clientContext=None, participants=[], resultInfo=None, b=2
        )
    )

    operation = await read(shared, id_)
    assert operation["clientContext"] == "c"
    assert operation["participants"] == INVITED
    assert operation["additionalProperties"] == {"a": 1, "b": 2}


async def test_deleted_operation_is_not_made_again(shared: Client, graph: Graph, id_: str) -> None:
    item = notification(id=id_, status="completed")
    await graph.notify(item)
    await shared.delete(id_)

    await graph.notify(item)

    assert await read(shared, id_) is None


async def test_other_kinds_and_unusable_ones_fail_nothing_else(
    shared: Client, graph: Graph, id_: str
) -> None:
    call = {"@odata.type": "#microsoft.graph.call", "state": "established"}
    roster = [{"@odata.type": "#microsoft.graph.participant", "id": "p"}]
    prompt = {"@odata.type": "#microsoft.graph.playPromptOperation", "id": id_, "status": "failed"}
    others = [
        {"changeType": "updated", "resourceUrl": f"/communications/calls/{CALL}", "resourceData": d}
        for d in (call, roster, [], prompt)
    ]

    await graph.notify(
        *others,
        7,
        None,
        {},
        notification("odd", id=id_),
        notification(id=id_, status="odd"),
        notification(id="x" * 200, status="failed"),
        notification(id=id_ + "\0", status="failed"),
        notification(url=None, id=None, status="failed"),
        notification(id=id_, status="completed"),
    )

    assert (await read(shared, id_))["status"] == "Completed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"value":' + b"1" * 5_000 + b"}", 400),
        (7, 400),
        ([], 400),
        ({}, 400),
        ({"value": 7}, 400),
        ({"value": None}, 400),
        ({"$id": "1", "value": [{"$ref": "1"}]}, 400),
        ({"value": []}, 202),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_body_of_no_notifications_is_refused(graph: Graph, body: Json, status: int) -> None:
    assert await graph.post(body) == status


async def test_other_paths_and_methods_are_refused(graph: Graph) -> None:
    url = f"{graph.url}/graph"
    async with graph.http.post(f"{url}/other", json={}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "itemNotFound")
    async with graph.http.get(f"{url}/notifications") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
    async with graph.http.post(f"{url}/notifications", data="<a/>") as response:
        assert response.status == 415


async def test_notifications_and_updates_overwrite_nothing_of_each_other(
    shared: Client, graph: Graph, id_: str
) -> None:
    await shared.create(id=id_)

    async def update(number: int) -> None:
        change = {"id": id_, "additionalProperties": {"n": number}}
        await shared.update(**change)

    notifications = [notification("updated", id=id_, status="running", clientContext="told")]
    notifications += [notification(id=id_, status="failed", resultInfo=RESULT)] * 3
    await asyncio.gather(
        *map(update, range(20)), *(graph.notify(notifications[n % 4]) for n in range(20))
    )

    operation = await read(shared, id_)
    assert (operation["status"], operation["clientContext"]) == ("Failed", "told")
    assert operation["additionalProperties"]["n"] in range(20)
    assert operation["resultInfo"] == RESULT


async def test_outcomes_of_notifications_are_counted(
    client: Client, http: aiohttp.ClientSession
) -> None:
    graph = Graph(http, client.url)
    first, second = str(uuid4()), str(uuid4())
    call = {"@odata.type": "#microsoft.graph.call"}
    await graph.notify(
        notification("created", id=first, status="running"),
        notification("created", id=second, status="running"),
        notification(id=first, status="failed"),
        notification(id=first, status="failed"),
        notification("odd", id=first),
        notification() | {"resourceData": call},
        notification(url=URL + "x", id=None, clientContext="none of mine", status="failed"),
    )

    async with http.get(f"{client.url}/metrics") as response:
        page = await response.text()
    outcomes = {
        result: f'invite_gateway_notifications_total{{result="{result}"}} {count:.1f}' in page
        for result, count in {
            "created": 3,
            "updated": 1,
            "unchanged": 1,
            "ignored": 1,
            "unusable": 1,
        }.items()
    }
    assert set(outcomes.values()) == {True}, outcomes


BY_IDENTITY = """
    query ($call: ID!, $any: IdentityFilter!) {
      inviteParticipantsOperations(filter: {
        callId: { eq: $call }, participants: { some: { identity: { any: $any } } }
      }) { nodes { id } }
    }
"""


async def test_identities_of_other_kinds_are_found(shared: Client, graph: Graph, id_: str) -> None:
    call = str(uuid4())
    other = {"acsUser": {"id": f"8:acs:{call}", "displayName": "Ada"}, "robot": "r"}
    url = f"/communications/calls/{call}/operations/{id_}"
    await graph.notify(
        notification("created", url, id=id_, status="running", participants=[{"identity": other}])
    )

    for any_ in (
        {"id": {"eq": f"8:acs:{call}"}},
        {"displayName": {"startsWith": "Ad"}},
        {"id": {"neq": "r"}},
    ):
        data = await shared.data(BY_IDENTITY, call=call, any=any_)
        assert data["inviteParticipantsOperations"]["nodes"] == [{"id": id_}], any_


async def test_notifications_are_limited_in_rate(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with running(tmp_path, "--rate", "5", "--rate-burst", "30") as gateway:
        graph = Graph(http, gateway.url)
        items = [notification(id=f"{n}", status="failed") for n in range(4)]
        assert await graph.post(envelope(*items)) == 202
        async with http.post(
            f"{gateway.url}/graph/notifications", json=envelope(items[0])
        ) as response:
            error = (await response.json())["error"]

    assert (response.status, error["code"]) == (429, "activityLimitReached")
    assert int(response.headers["Retry-After"]) in range(1, 10)
