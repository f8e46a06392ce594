"""The changes of all operations: delta sync by clients that keep a copy of a list."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from support.documents import CREATE, CREATE_MANY, DELETE, UPDATE, UPSERT
from support.gateways import Client, Command, running
from support.strategies import JSONObject
from support.waiting import WITHIN

pytestmark = pytest.mark.each_database

FIELDS = """
    id cursor kind at operationId version changedFields
    state { callId status version createdAt updatedAt }
    operation { id callId status version createdAt updatedAt }
"""
CHANGES = f"""
    query Changes($first: Int, $after: String, $filter: InviteParticipantsOperationFilter) {{
      changes(first: $first, after: $after, filter: $filter) {{
        edges {{ cursor node {{ {FIELDS} }} }}
        nodes {{ {FIELDS} }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
      }}
    }}
"""
LIST = """
    query List($filter: InviteParticipantsOperationFilter, $after: String) {
      inviteParticipantsOperations(first: 500, filter: $filter, after: $after) {
        changeCursor
        nodes { id callId status version createdAt updatedAt }
        pageInfo { endCursor }
      }
    }
"""


async def changes(client: Client, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
    """Return a page of changes."""
    connection: JSONObject = (await client.data(CHANGES, **arguments))["changes"]
    assert [edge["node"] for edge in connection["edges"]] == connection["nodes"]
    assert [edge["cursor"] for edge in connection["edges"]] == [
        change["cursor"] for change in connection["nodes"]
    ]
    return connection


async def refusal(client: Client, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
    """Request an invalid page of changes; return the only error."""
    answer = await client.answer(CHANGES, **arguments)
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["changes"]
    return {"message": error["message"], **error["extensions"]}


async def listed(client: Client, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
    """Return the list of operations."""
    connection: JSONObject = (await client.data(LIST, **arguments))["inviteParticipantsOperations"]
    return connection


async def cursor_of_list(client: Client) -> str:
    """Return the position in the log that the list corresponds to."""
    here: str = (await listed(client))["changeCursor"]
    return here


def summarize(page: JSONObject) -> list[tuple[str, str, int, list[str]]]:
    return [
        (change["kind"], change["operationId"], change["version"], change["changedFields"])
        for change in page["nodes"]
    ]


async def test_each_change_has_the_state_at_that_time(client: Client) -> None:
    await client.create(id="a", callId="c", resultInfo=None)
    await client.update(id="a", status="Running")
    await client.data(UPSERT, input={"id": "a", "status": "Failed", "callId": None})
    await client.delete("a")
    page = await changes(client)

    assert summarize(page) == [
        ("CREATED", "a", 1, ["callId", "status", "participants"]),
        ("UPDATED", "a", 2, ["status"]),
        ("UPDATED", "a", 3, ["callId", "status"]),
        ("DELETED", "a", 3, []),
    ]
    states = [change["state"] for change in page["nodes"]]
    assert [(state["status"], state["callId"]) for state in states] == [
        ("NotStarted", "c"),
        ("Running", "c"),
        ("Failed", None),
        ("Failed", None),
    ]
    created, updated, upserted, deleted = page["nodes"]
    assert created["at"] == created["state"]["createdAt"]
    assert upserted["at"] == upserted["state"]["updatedAt"] >= updated["at"]
    assert deleted["at"] >= upserted["at"]
    assert page["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": created["cursor"],
        "endCursor": deleted["cursor"],
    }


async def test_change_has_the_operation_as_it_is_now(client: Client) -> None:
    for id_ in ("a", "b", "gone"):
        await client.create(id=id_)
    await client.update(id="b", status="Running")
    await client.update(id="gone", status="Failed")
    await client.delete("gone")
    present = {node["id"]: node for node in (await listed(client))["nodes"]}
    whole = (await changes(client))["nodes"]
    first = (await changes(client, first=3))["nodes"]
    failed = (await changes(client, filter={"status": {"eq": "Failed"}}))["nodes"]

    assert [change["operationId"] for change in whole] == ["a", "b", "gone", "b", "gone", "gone"]
    for change in whole:
        assert change["operation"] == present.get(change["operationId"])
    assert first == whole[:3]
    assert [change["operation"] for change in failed] == [None, None]
    assert [change["state"]["status"] for change in failed] == ["Failed", "Failed"]


async def test_id_used_again_is_the_operation_of_the_changes_before(client: Client) -> None:
    await client.create(id="a", status="Completed")
    await client.delete("a")
    await client.create(id="a", status="Running")
    page = await changes(client)

    assert [change["state"]["status"] for change in page["nodes"]] == [
        *("Completed", "Completed", "Running")
    ]
    assert [change["operation"]["status"] for change in page["nodes"]] == ["Running"] * 3


async def test_change_is_identified_by_its_cursor(client: Client) -> None:
    for id_ in ("a", "b"):
        await client.create(id=id_)
        await client.update(id=id_, status="Running")
    nodes = (await changes(client))["nodes"]

    assert [change["id"] for change in nodes] == [change["cursor"] for change in nodes]
    assert len({change["id"] for change in nodes}) == 4


async def test_large_operations_of_now_end_a_page_early(client: Client) -> None:
    ids = [str(number) for number in range(12)]
    identity = {"user": {"additionalProperties": {"text": "x" * 16_000}}}
    for id_ in ids:
        await client.create(id=id_)
    end = await cursor_of_list(client)
    for id_ in ids:
        participants = [{"identity": identity}] * 60
        await client.update(id=id_, participants=participants)
    found: list[str] = []
    page = await changes(client, first=12)
    assert page["pageInfo"]["hasNextPage"]
    assert 0 < len(page["nodes"]) < 12
    while page["pageInfo"]["endCursor"] != end:
        found += [change["operationId"] for change in page["nodes"]]
        assert {change["operation"]["version"] for change in page["nodes"]} == {2}
        left = 12 - len(found)
        page = await changes(client, first=left, after=page["pageInfo"]["endCursor"])

    assert found + [change["operationId"] for change in page["nodes"]] == ids


@pytest.mark.parametrize("field", ["id", "history { nodes { kind } }"])
async def test_state_has_no_identity_and_no_history(shared: Client, field: str) -> None:
    answer = await shared.answer(f"{{ changes {{ nodes {{ state {{ {field} }} }} }} }}")

    (error,) = answer["errors"]
    assert "data" not in answer
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "'InviteParticipantsOperationState'" in error["message"]


async def test_every_changed_field_is_listed(client: Client) -> None:
    content: JSONObject = {
        "additionalProperties": {"n": 1},
        "callId": "c",
        "clientContext": "x",
        "participants": [{"identity": {"user": {"id": "u"}}}],
        "resultInfo": {"code": 200, "subcode": 0},
        "status": "Completed",
    }
    await client.create(id="a")
    for field, value in content.items():
        await client.update(**{"id": "a", field: value})
    await client.update(id="a", additionalProperties={"n": 1.0})
    page = await changes(client)

    assert [changed for *_, changed in summarize(page)][1:] == [
        *([field] for field in content),
        ["additionalProperties"],
    ]


async def test_writes_without_effect_are_not_logged(client: Client) -> None:
    once = {"id": "a", "status": "Running", "idempotencyKey": "k"}
    await client.create(**once)
    here = await cursor_of_list(client)
    await client.create(**once)
    await client.data(CREATE, input={"id": "a"})
    await client.data(CREATE_MANY, inputs=[{"id": "b"}, {"id": "a"}])
    await client.data(UPSERT, input={"id": "a", "status": "Running"})
    await client.update(id="a", callId=None, status="Running")
    await client.data(UPDATE, input={"id": "a", "ifVersion": 9, "status": "Failed"})
    await client.data(UPDATE, input={"id": "a", "clientContext": "x" * 257})
    await client.data(DELETE, id="b")

    assert summarize(await changes(client, after=here)) == []


async def test_import_is_logged_as_changes(client: Client, command: Command) -> None:
    line = '{"id": "a", "status": "Running", "version": 7, "createdAt": "2020-01-01T00:00:00Z"}'
    command("import", "-", stdin=line)
    command("import", "-", stdin=line)
    command("import", "-", stdin=line.replace("Running", "Failed"))
    page = await changes(client)

    assert [(kind, version) for kind, _, version, _ in summarize(page)] == [
        ("CREATED", 7),
        ("UPDATED", 8),
    ]
    assert page["nodes"][0]["at"] > "2026"


async def test_continuing_from_a_list_returns_later_changes(client: Client) -> None:
    start = await cursor_of_list(client)
    await client.create(id="a")
    first = await listed(client)
    nothing = await changes(client, after=first["changeCursor"])
    await client.update(id="a", status="Running")
    something = await changes(client, after=nothing["pageInfo"]["endCursor"])

    assert nothing["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": first["changeCursor"],
    }
    assert summarize(something) == [("UPDATED", "a", 2, ["status"])]
    assert summarize(await changes(client, after=start)) == summarize(await changes(client))
    assert await cursor_of_list(client) == something["pageInfo"]["endCursor"]


async def test_empty_log_has_a_cursor_to_continue_from(client: Client) -> None:
    empty = await changes(client)
    await client.create(id="a")
    after = await changes(client, after=empty["pageInfo"]["endCursor"])

    assert empty["nodes"] == []
    assert [id_ for _, id_, *_ in summarize(after)] == ["a"]


@pytest.fixture
async def twenty(client: Client) -> Client:
    """A client of a gateway whose log has twenty changes, of "0" to "19"."""
    await client.create_many([{"id": str(number)} for number in range(20)])
    return client


@pytest.mark.parametrize("size", [1, 3, 7, 20, 21])
async def test_paging_gives_every_change_once(twenty: Client, size: int) -> None:
    found: list[str] = []
    arguments: JSONObject = {}
    more = True
    while more:
        page = await changes(twenty, first=size, **arguments)
        found += [change["operationId"] for change in page["nodes"]]
        assert page["pageInfo"]["endCursor"] == page["nodes"][-1]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(arguments)
        arguments = {"after": page["pageInfo"]["endCursor"]}
        more = page["pageInfo"]["hasNextPage"]

    assert found == [str(number) for number in range(20)]


async def test_page_of_none_has_page_info(twenty: Client) -> None:
    none = await changes(twenty, first=0)
    end = (await changes(twenty))["pageInfo"]["endCursor"]

    assert none["nodes"] == []
    assert none["pageInfo"]["hasNextPage"]
    assert len((await changes(twenty, after=none["pageInfo"]["endCursor"]))["nodes"]) == 20
    assert not (await changes(twenty, first=0, after=end))["pageInfo"]["hasNextPage"]


async def test_asking_for_too_many_or_too_few_names_the_limit(shared: Client) -> None:
    too_many, too_few = await refusal(shared, first=501), await refusal(shared, first=-1)

    assert (too_many["code"], too_many["limit"], too_many["value"]) == (
        "LIMIT_EXCEEDED",
        "first",
        500,
    )
    assert (too_few["code"], too_few["argument"]) == ("BAD_USER_INPUT", "first")


async def test_filter_matches_before_or_after_a_change(client: Client) -> None:
    await client.create(id="a")
    await client.update(id="a", status="Running")
    await client.update(id="a", callId="c")
    await client.update(id="a", status="Completed")
    await client.update(id="a", callId=None)
    await client.delete("a")

    async def versions(**where: JSONObject) -> list[tuple[str, int]]:
        page = await changes(client, filter=where)
        return [(kind, version) for kind, _, version, _ in summarize(page)]

    assert await versions(status={"eq": "Running"}) == [
        ("UPDATED", 2),
        ("UPDATED", 3),
        ("UPDATED", 4),
    ]
    assert await versions(callId={"isNull": False}) == [
        ("UPDATED", 3),
        ("UPDATED", 4),
        ("UPDATED", 5),
    ]
    assert await versions(callId={"isNull": True}, status={"eq": "Completed"}) == [
        ("UPDATED", 5),
        ("DELETED", 5),
    ]
    assert await versions(version={"eq": 4}) == [("UPDATED", 4), ("UPDATED", 5)]
    assert await versions(status={"in": []}) == []


async def test_filter_that_takes_nothing_still_leads_to_the_end(twenty: Client) -> None:
    page = await changes(twenty, filter={"id": {"eq": "none"}})

    assert page["nodes"] == []
    assert not page["pageInfo"]["hasNextPage"]
    assert page["pageInfo"]["endCursor"] == await cursor_of_list(twenty)


async def test_filter_that_takes_little_is_answered_in_bounded_steps(client: Client) -> None:
    for start in (0, 1_000, 2_000):
        inputs = [{"id": str(number)} for number in range(start, start + 1_000)]
        await client.create_many(inputs)
    wanted = {"id": {"in": ["5", "1999", "2000", "2999"]}}
    steps = []
    page = await changes(client, filter=wanted)
    while page["pageInfo"]["hasNextPage"]:
        steps.append([id_ for _, id_, *_ in summarize(page)])
        page = await changes(client, filter=wanted, after=page["pageInfo"]["endCursor"])

    assert steps == [["5", "1999"]]
    assert [id_ for _, id_, *_ in summarize(page)] == ["2000", "2999"]
    full = await changes(client, filter=wanted, first=1)
    assert full["pageInfo"]["endCursor"] == full["nodes"][0]["cursor"]
    assert full["pageInfo"]["hasNextPage"]


async def test_filter_that_takes_few_among_large_ones_is_answered_in_bounded_steps(
    client: Client,
) -> None:
    identity = {"user": {"additionalProperties": {"text": "x" * 16_000}}}
    large = {"participants": [{"identity": identity}] * 50}
    for number in range(15):
        await client.create(id=str(number), **large)
    wanted = {"id": {"eq": "14"}}
    first = await changes(client, filter=wanted)
    second = await changes(client, filter=wanted, after=first["pageInfo"]["endCursor"])

    assert (first["nodes"], first["pageInfo"]["hasNextPage"]) == ([], True)
    assert [id_ for _, id_, *_ in summarize(second)] == ["14"]


async def test_filter_too_deep_names_the_limit(shared: Client) -> None:
    where: JSONObject = {}
    for _ in range(16):
        where = {"not": where}

    assert (await refusal(shared, filter=where))["limit"] == "filterDepth"


async def test_cursors_of_other_lists_are_refused(client: Client) -> None:
    await client.create(id="a")
    of_list = (await listed(client))["pageInfo"]["endCursor"]
    of_log = await cursor_of_list(client)
    answer = await client.answer(LIST, after=of_log)

    assert (await refusal(client, after=of_list))["reason"] == "CURSOR_INVALID"
    assert answer["errors"][0]["extensions"]["reason"] == "CURSOR_INVALID"


@pytest.mark.parametrize("text", ["", "x", "0", "null", "!!!!", "kQ", "a" * 100_000])
async def test_invalid_cursor_is_refused(shared: Client, text: str) -> None:
    refused = await refusal(shared, after=text)

    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", "CURSOR_INVALID")


async def test_damaged_cursors_are_refused_or_lead_elsewhere(shared: Client) -> None:
    here = await cursor_of_list(shared)
    for damaged in [here[:length] for length in range(len(here))] + [here + "AAAA", here[::-1]]:
        assert (await refusal(shared, after=damaged))["code"] == "BAD_USER_INPUT"


async def test_cursor_of_another_database_is_refused(client: Client, shared: Client) -> None:
    await shared.create()
    refused = await refusal(client, after=await cursor_of_list(shared))

    assert (refused["code"], refused["reason"]) == ("CURSOR_EXPIRED", "CURSOR_FOREIGN")
    assert "changeCursor" in refused["message"]


async def test_cursor_before_the_pruned_log_is_expired(tmp_path: Path, http: ClientSession) -> None:
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        start = await cursor_of_list(client)
        await client.create_many([{"id": str(number)} for number in range(5)])
        cursors = [change["cursor"] for change in (await changes(client))["nodes"]]
    with running(
        tmp_path, "--change-log-days", "0", INVITE_GATEWAY_CHANGE_LOG_CHANGES="2"
    ) as gateway:
        client = Client(http, gateway.url)
        async with asyncio.timeout(WITHIN):
            while len((kept := await changes(client))["nodes"]) > 2:  # noqa: ASYNC110  not ours
                await asyncio.sleep(0.01)

        assert [change["cursor"] for change in kept["nodes"]] == cursors[3:]
        assert (await changes(client, after=cursors[2]))["nodes"] == kept["nodes"]
        for expired in (start, *cursors[:2]):
            refused = await refusal(client, after=expired)
            assert refused["code"] == "CURSOR_EXPIRED"
            assert "Read the list again" in refused["message"]


async def sync(client: Client, copy: dict[str, JSONObject], after: str) -> str:
    """Update a copy of the list; return the position in the log that it corresponds to."""
    more = True
    while more:
        page = await changes(client, after=after, first=40)
        for change in page["nodes"]:
            if change["kind"] == "DELETED":
                last = copy.pop(change["operationId"])
                assert last == {"id": change["operationId"]} | change["state"]
            else:
                assert (change["operationId"] in copy) == (change["kind"] == "UPDATED")
                copy[change["operationId"]] = {"id": change["operationId"]} | change["state"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return after


async def write_on(client: Client, writer: int) -> None:
    """Create, update and delete operations, one after another."""
    for number in range(40):
        id_ = f"{writer}-{number}"
        await client.create(id=id_)
        await client.update(id=id_, status="Running")
        if number % 2:
            await client.delete(id_)


async def test_copy_begun_while_others_write_becomes_the_list(client: Client) -> None:
    writing = asyncio.gather(*(write_on(client, writer) for writer in range(6)))
    copies = []
    while not writing.done():
        page = await listed(client)
        copies.append(({node["id"]: node for node in page["nodes"]}, page["changeCursor"]))
        await asyncio.sleep(0)
    await writing
    final = {node["id"]: node for node in (await listed(client))["nodes"]}

    assert len(copies) > 5
    assert len(final) == 120
    for copy, after in copies:
        await sync(client, copy, after)
        assert copy == final
