"""The end times of operations, however they end, and their durations."""

from typing import Any

import pytest
from support.gateways import Client

pytestmark = pytest.mark.each_database

CREATE = """
    mutation ($input: CreateInviteParticipantsOperationInput!) {
      createInviteParticipantsOperation(input: $input) {
        operation { id createdAt updatedAt endedAt }
      }
    }
"""
UPSERT = """
    mutation ($input: CreateInviteParticipantsOperationInput!) {
      upsertInviteParticipantsOperation(input: $input) {
        operation { id createdAt updatedAt endedAt }
      }
    }
"""
UPDATE = """
    mutation ($input: UpdateInviteParticipantsOperationInput!) {
      updateInviteParticipantsOperation(input: $input) {
        operation { id createdAt updatedAt endedAt }
      }
    }
"""
HISTORY = """
    query ($id: ID!) {
      inviteParticipantsOperation(id: $id) {
        history { nodes { changedFields state { status updatedAt endedAt } } }
      }
    }
"""
FOLLOW = """
    query ($filter: InviteParticipantsOperationFilter!) {
      changes(filter: $filter) { nodes { operationId version } }
      inviteParticipantsOperations(filter: $filter) { nodes { id version } }
    }
"""
GROUPS = """
    query ($by: [InviteParticipantsOperationGroupKey!]!) {
      inviteParticipantsOperationGroups(by: $by) {
        count resultDiagCode identityKind createdFrom ...Duration
      }
    }
    fragment Duration on InviteParticipantsOperationGroup { took: duration { median p95 } }
"""
Json = dict[str, Any]


async def write(client: Client, mutation: str, **fields: Any) -> Json:  # noqa: ANN401  JSON
    """Write an operation, and return what the mutation returns of it."""
    (payload,) = (await client.data(mutation, input=fields)).values()
    operation: Json = payload["operation"]
    return operation


async def groups(client: Client, *by: str) -> list[Json]:
    """Return groups, without keys that are null."""
    found: list[Json] = (await client.data(GROUPS, by=by))["inviteParticipantsOperationGroups"]
    return [{name: value for name, value in group.items() if value is not None} for group in found]


@pytest.mark.parametrize("change", [UPDATE, UPSERT])
async def test_operation_ends_when_it_comes_to_completed_or_failed(
    client: Client, change: str
) -> None:
    id_ = (await write(client, CREATE))["id"]
    running = await write(client, change, id=id_, status="Running")
    completed = await write(client, change, id=id_, status="Completed")
    changed = await write(client, change, id=id_, clientContext="late")
    failed = await write(client, change, id=id_, status="Failed")
    again = await write(client, change, id=id_, status="Running")

    assert running["endedAt"] is None
    assert completed["endedAt"] == completed["updatedAt"]
    assert changed["updatedAt"] > changed["endedAt"] == completed["endedAt"]
    assert failed["endedAt"] == failed["updatedAt"]
    assert again["endedAt"] is None


async def test_operation_created_as_ended_ended_at_its_creation(client: Client) -> None:
    created = await write(client, CREATE, status="Failed")
    upserted = await write(client, UPSERT, id="1", status="Completed")

    assert created["endedAt"] == created["createdAt"]
    assert upserted["endedAt"] == upserted["createdAt"]


async def test_history_has_the_end_in_each_state(client: Client) -> None:
    id_ = (await write(client, CREATE))["id"]
    for status in ("Completed", "Running"):
        await write(client, UPDATE, id=id_, status=status)
    history = (await client.data(HISTORY, id=id_))["inviteParticipantsOperation"]["history"]
    states = [change["state"] for change in history["nodes"]]

    assert [state["endedAt"] for state in states] == [None, states[1]["updatedAt"], None]
    assert [change["changedFields"] for change in history["nodes"][1:]] == [["status"]] * 2


async def test_changes_are_followed_by_the_end_before_and_after(client: Client) -> None:
    id_ = (await write(client, CREATE))["id"]
    for status in ("Completed", "Running", "NotStarted"):
        await write(client, UPDATE, id=id_, status=status)
    ended = await client.data(FOLLOW, filter={"endedAt": {"isNull": False}})
    open_ = await client.data(FOLLOW, filter={"endedAt": {"isNull": True}})

    assert [change["version"] for change in ended["changes"]["nodes"]] == [2, 3]
    assert ended["inviteParticipantsOperations"]["nodes"] == []
    assert [change["version"] for change in open_["changes"]["nodes"]] == [1, 2, 3, 4]
    assert open_["inviteParticipantsOperations"]["nodes"] == [{"id": id_, "version": 4}]


async def test_groups_count_causes_and_kinds_of_identities(client: Client) -> None:
    result = {"code": 412, "subcode": 9999}
    phone, guest = ({"identity": {kind: {"id": "1"}}} for kind in ("phone", "guest"))
    for number, participants in enumerate([[phone, phone, guest], [phone], []]):
        message = f"No dial out {number}. DiagCode: 412#{10_073 - number // 2}.@"
        await write(
            client,
            CREATE,
            status="Failed",
            resultInfo=result | {"message": message},
            participants=participants,
        )

    took = {"took": {"median": 0, "p95": 0}}
    assert await groups(client, "RESULT_DIAG_CODE") == [
        {"count": 2, "resultDiagCode": "412#10073", **took},
        {"count": 1, "resultDiagCode": "412#10072", **took},
    ]
    assert await groups(client, "IDENTITY_KIND") == [
        {"count": 2, "identityKind": "phone", **took},
        {"count": 1, **took},
        {"count": 1, "identityKind": "guest", **took},
    ]
    assert len(await groups(client, "RESULT_MESSAGE")) == 3


async def test_groups_have_no_duration_while_nothing_has_ended(client: Client) -> None:
    await write(client, CREATE)

    assert await groups(client) == [{"count": 1}]
