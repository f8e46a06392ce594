"""Idempotency keys: a creation that is safe to send again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.gateways import Client

from gateway.store.documents import read
from gateway.store.sqlite.connection import Connection, connect_writer
from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.rows import SQLiteRows
from gateway.store.sqlite.write_lock import WriteLock
from gateway.store.writes import operations
from schema.errors import IdempotencyError, MutationFailure
from schema.inputs import CreateInviteParticipantsOperationInput as Input
from schema.resource.operation import StoredOperation

pytestmark = pytest.mark.each_database

Json = Any

SHOWN = """
    operation { id clientContext status additionalProperties version createdAt updatedAt }
    errors { __typename code path }
"""
CREATE = f"""mutation ($input: CreateInviteParticipantsOperationInput!) {{
    payload: createInviteParticipantsOperation(input: $input) {{ {SHOWN} }} }}"""
UPSERT = f"""mutation ($input: CreateInviteParticipantsOperationInput!) {{
    payload: upsertInviteParticipantsOperation(input: $input) {{ created {SHOWN} }} }}"""
CREATE_MANY = f"""
    mutation ($inputs: [CreateInviteParticipantsOperationInput!]!, $atomic: Boolean! = true) {{
      payload: createInviteParticipantsOperations(inputs: $inputs, atomic: $atomic) {{
        createdCount results {{ {SHOWN} }} }} }}"""
UPDATE = f"""mutation ($id: ID!, $status: OperationStatus!) {{
    payload: updateInviteParticipantsOperation(input: {{ id: $id, status: $status }})
      {{ {SHOWN} }} }}"""
DELETE = """mutation ($id: ID!) {
    payload: deleteInviteParticipantsOperation(input: { id: $id }) { deletedId } }"""
COUNT = """query ($context: String!) {
    found: inviteParticipantsOperations(filter: { clientContext: { eq: $context } })
      { totalCount } }"""

MISMATCH = [
    {
        "__typename": "IdempotencyError",
        "code": "IDEMPOTENCY_MISMATCH",
        "path": ["input", "idempotencyKey"],
    }
]


@pytest.fixture
def keyed() -> dict[str, Json]:
    """Return an input with a unique key and context."""
    return {"idempotencyKey": f"key-{uuid4()}", "clientContext": f"context-{uuid4()}"}


async def payload(client: Client, document: str, **variables: Json) -> Json:
    """Send a mutation and return its payload."""
    return (await client.data(document, **variables))["payload"]


async def count(client: Client, keyed: dict[str, Json]) -> int:
    """Return the number of operations with the input's context."""
    data = await client.data(COUNT, context=keyed["clientContext"])
    return int(data["found"]["totalCount"])


async def test_create_again_gives_the_first_operation(
    shared: Client, keyed: dict[str, Json]
) -> None:
    first, second = [await payload(shared, CREATE, input=keyed) for _ in range(2)]

    assert first == second
    assert first["errors"] == []
    assert await count(shared, keyed) == 1


@pytest.mark.parametrize("given_id", [True, False])
async def test_create_twenty_times_at_once_makes_one(
    shared: Client, keyed: dict[str, Json], *, given_id: bool
) -> None:
    wanted = keyed | ({"id": uuid4().hex} if given_id else {})
    payloads = await asyncio.gather(*(payload(shared, CREATE, input=wanted) for _ in range(20)))

    assert payloads == [payloads[0]] * 20
    assert payloads[0]["operation"]["version"] == 1
    assert await count(shared, keyed) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"status": "Running"},
        {"id": "another"},
        {"callId": "c"},
        {"participants": [{"identity": {}}]},
        {"additionalProperties": {"a": 1.0}},
        {"additionalProperties": {"a": True}},
        {"additionalProperties": {"a": "1"}},
        {"resultInfo": {"code": 0, "subcode": 0}},
    ],
    ids=str,
)
async def test_create_with_a_used_key_and_another_input_is_refused(
    shared: Client, keyed: dict[str, Json], other: Json
) -> None:
    first = await payload(shared, CREATE, input={**keyed, "additionalProperties": {"a": 1}})
    second = await payload(
        shared, CREATE, input={**keyed, "additionalProperties": {"a": 1}, **other}
    )

    assert first["errors"] == []
    assert second == {"operation": None, "errors": MISMATCH}
    assert await count(shared, keyed) == 1


async def test_create_again_with_json_in_another_order_is_the_same(
    shared: Client, keyed: dict[str, Json]
) -> None:
    one = {"additionalProperties": {"a": {"x": 1, "y": [{"p": 1, "q": 2}]}, "b": 2}, **keyed}
    other = {**keyed, "additionalProperties": {"b": 2, "a": {"y": [{"q": 2, "p": 1}], "x": 1}}}
    first, second = [await payload(shared, CREATE, input=each) for each in (one, other)]

    assert json.dumps(first) == json.dumps(second)
    assert first["errors"] == []


async def test_create_again_with_a_list_in_another_order_is_not_the_same(
    shared: Client, keyed: dict[str, Json]
) -> None:
    await payload(shared, CREATE, input={**keyed, "additionalProperties": {"a": [1, 2]}})
    second = await payload(shared, CREATE, input={**keyed, "additionalProperties": {"a": [2, 1]}})

    assert second["errors"] == MISMATCH


async def test_create_again_after_an_update_gives_the_current_state(
    shared: Client, keyed: dict[str, Json]
) -> None:
    id_ = (await payload(shared, CREATE, input=keyed))["operation"]["id"]
    updated = await payload(shared, UPDATE, id=id_, status="Failed")
    again = await payload(shared, CREATE, input=keyed)

    assert again == updated
    assert again["operation"]["version"] == 2


@pytest.mark.parametrize("given_id", [True, False])
async def test_repeated_create_after_a_delete_returns_the_first_result(
    shared: Client, keyed: dict[str, Json], *, given_id: bool
) -> None:
    wanted = keyed | ({"id": uuid4().hex} if given_id else {})
    first = await payload(shared, CREATE, input=wanted)
    await payload(shared, UPDATE, id=first["operation"]["id"], status="Failed")
    await payload(shared, DELETE, id=first["operation"]["id"])
    again = await payload(shared, CREATE, input=wanted)

    assert again == first
    assert await count(shared, keyed) == 0


async def test_create_that_failed_does_not_use_up_its_key(
    shared: Client, keyed: dict[str, Json]
) -> None:
    existing_id = (await payload(shared, CREATE, input={}))["operation"]["id"]
    failed = await payload(shared, CREATE, input={**keyed, "id": existing_id})
    second = await payload(shared, CREATE, input=keyed)

    assert [error["code"] for error in failed["errors"]] == ["ALREADY_EXISTS"]
    assert second["errors"] == []


@pytest.mark.parametrize("atomic", [True, False])
async def test_creating_many_again_gives_the_first_operations(
    shared: Client, keyed: dict[str, Json], *, atomic: bool
) -> None:
    inputs = [{**keyed, "idempotencyKey": f"{keyed['idempotencyKey']}-{n}"} for n in range(5)]
    first, second = [
        await payload(shared, CREATE_MANY, inputs=inputs, atomic=atomic) for _ in range(2)
    ]

    assert first["results"] == second["results"]
    assert first["createdCount"] == 5
    assert await count(shared, keyed) == 5


async def test_creating_many_with_a_key_twice_makes_one(
    shared: Client, keyed: dict[str, Json]
) -> None:
    results = (await payload(shared, CREATE_MANY, inputs=[keyed, keyed]))["results"]

    assert results[0] == results[1]
    assert await count(shared, keyed) == 1


async def test_creating_many_that_aborts_does_not_use_up_its_keys(
    shared: Client, keyed: dict[str, Json]
) -> None:
    other = {**keyed, "status": "Failed"}
    aborted = await payload(shared, CREATE_MANY, inputs=[keyed, other])
    again = await payload(shared, CREATE, input=other)

    codes = [[error["code"] for error in result["errors"]] for result in aborted["results"]]
    assert codes == [["ABORTED"], ["IDEMPOTENCY_MISMATCH"]]
    assert again["errors"] == []


async def test_upsert_without_id_again_gives_the_first_operation(
    shared: Client, keyed: dict[str, Json]
) -> None:
    first, second = [await payload(shared, UPSERT, input=keyed) for _ in range(2)]

    assert (first["created"], second["created"]) == (True, False)
    assert first["operation"] == second["operation"]
    assert await count(shared, keyed) == 1


async def test_repeated_upsert_does_not_undo_later_changes(
    shared: Client, keyed: dict[str, Json]
) -> None:
    wanted = {**keyed, "id": uuid4().hex, "status": "Running"}
    await payload(shared, UPSERT, input=wanted)
    updated = await payload(shared, UPDATE, id=wanted["id"], status="Completed")
    again = await payload(shared, UPSERT, input=wanted)

    assert again["operation"] == updated["operation"]


async def test_upsert_with_a_used_key_and_another_input_is_refused(
    shared: Client, keyed: dict[str, Json]
) -> None:
    wanted = {**keyed, "id": uuid4().hex}
    first = await payload(shared, UPSERT, input=wanted)
    second = await payload(shared, UPSERT, input={**wanted, "status": "Failed"})

    assert first["errors"] == []
    assert second["errors"] == MISMATCH


async def test_upsert_again_after_a_delete_makes_nothing(
    shared: Client, keyed: dict[str, Json]
) -> None:
    wanted = {**keyed, "id": uuid4().hex}
    first = await payload(shared, UPSERT, input=wanted)
    await payload(shared, DELETE, id=wanted["id"])
    again = await payload(shared, UPSERT, input=wanted)

    assert again == {**first, "created": False}
    assert await count(shared, keyed) == 0


MADE = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DAY = timedelta(hours=24)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection that writes to an empty database."""
    path = tmp_path / "operations.db"
    upgrade(path)
    async with connect_writer(path, WriteLock(path, 1)) as connection:
        yield connection


async def create(database: Connection, now: datetime, key: str, **fields: Json) -> StoredOperation:
    """Create an operation with a key at a time."""
    given = Input(idempotency_key=key, **fields)
    return await database.run(lambda each: operations.create(SQLiteRows(each), given, now))


async def test_key_is_known_for_24_hours(database: Connection) -> None:
    first = await create(database, MADE, "k")

    assert await create(database, MADE + DAY - INSTANT, "k") == first
    with pytest.raises(MutationFailure) as refused:
        await create(database, MADE + DAY - INSTANT, "k", call_id="other")
    assert isinstance(refused.value.errors[0], IdempotencyError)


async def test_key_is_new_again_after_24_hours(database: Connection) -> None:
    first = await create(database, MADE, "k")
    second = await create(database, MADE + DAY, "k", call_id="other")

    assert read(first)["id"] != read(second)["id"]
    assert await create(database, MADE + 2 * DAY - INSTANT, "k", call_id="other") == second


async def test_expired_keys_are_deleted(database: Connection) -> None:
    for n in range(300):
        await create(database, MADE, f"old-{n}")
    for n in range(3):
        await create(database, MADE + DAY, f"new-{n}")

    count = "SELECT count(*) FROM idempotency_keys"
    assert await database.run(lambda connection: connection.execute(count).fetchone()) == (3,)
