"""The history of an operation: its changes, wherever the operation is selected."""

from typing import Any

import pytest
from support.gateways import Client
from support.strategies import JSONObject

pytestmark = pytest.mark.each_database

PAGE = """
    edges { cursor node { cursor } }
    nodes {
      id cursor kind operationId version changedFields state { status } operation { id status }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
"""
HISTORY = f"""
    query History($id: ID!, $first: Int, $after: String) {{
      inviteParticipantsOperation(id: $id) {{
        id
        history(first: $first, after: $after) {{ {PAGE} }}
      }}
    }}
"""
LIST = """
    query List($first: Int) {
      inviteParticipantsOperations(first: 100) {
        changeCursor
        nodes { id history(first: $first) { nodes { kind version operation { id } } } }
      }
    }
"""
CHANGES = """
    query Changes {
      changes(first: 100) {
        nodes {
          kind version state { status } operation { id history { nodes { kind version } } }
        }
      }
    }
"""
CREATE = """
    mutation Create($input: CreateInviteParticipantsOperationInput!) {
      createInviteParticipantsOperation(input: $input) {
        operation { id history { nodes { kind version } } } errors { code }
      }
    }
"""
UPDATE = """
    mutation Update($id: ID!, $status: OperationStatus!) {
      updateInviteParticipantsOperation(input: { id: $id, status: $status }) {
        operation { id history { nodes { kind version } } } errors { code }
      }
    }
"""


async def history(client: Client, id_: str, **arguments: Any) -> JSONObject:  # noqa: ANN401  JSON
    """Request a page of an operation's history."""
    data = await client.data(HISTORY, id=id_, **arguments)
    connection: JSONObject = data["inviteParticipantsOperation"]["history"]
    cursors = [change["cursor"] for change in connection["nodes"]]
    assert [edge["cursor"] for edge in connection["edges"]] == cursors
    assert [edge["node"]["cursor"] for edge in connection["edges"]] == cursors
    return connection


async def create(client: Client, *ids: str) -> None:
    """Create operations, and update each, so that their changes are interleaved."""
    for id_ in ids:
        await client.data(CREATE, input={"id": id_})
    for status in ("Running", "Completed"):
        for id_ in ids:
            await client.data(UPDATE, id=id_, status=status)


def kinds_and_versions(changes: list[JSONObject]) -> list[tuple[str, int]]:
    return [(change["kind"], change["version"]) for change in changes]


THREE = [("CREATED", 1), ("UPDATED", 2), ("UPDATED", 3)]


async def test_history_is_of_the_operation_alone_and_in_order(client: Client) -> None:
    await create(client, "a", "b")
    page = await history(client, "a")

    assert kinds_and_versions(page["nodes"]) == THREE
    assert {change["operationId"] for change in page["nodes"]} == {"a"}
    assert [change["id"] for change in page["nodes"]] == [
        change["cursor"] for change in page["nodes"]
    ]
    assert [change["state"]["status"] for change in page["nodes"]] == [
        *("NotStarted", "Running", "Completed")
    ]
    for change in page["nodes"]:
        assert change["operation"] == {"id": "a", "status": "Completed"}
    assert page["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": page["nodes"][0]["cursor"],
        "endCursor": page["nodes"][-1]["cursor"],
    }


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_paging_through_a_history_gives_every_change_once(client: Client, size: int) -> None:
    await create(client, "a", "b")
    found: list[tuple[str, int]] = []
    arguments: JSONObject = {}
    more = True
    while more:
        page = await history(client, "b", first=size, **arguments)
        found += kinds_and_versions(page["nodes"])
        assert page["pageInfo"]["hasPreviousPage"] == bool(arguments)
        arguments = {"after": page["pageInfo"]["endCursor"]}
        more = page["pageInfo"]["hasNextPage"]

    assert found == THREE
    none = await history(client, "b", first=0)
    assert (none["nodes"], none["pageInfo"]["hasNextPage"]) == ([], True)


async def test_history_continues_from_any_cursor_of_the_log(client: Client) -> None:
    await create(client, "a")
    after_a = (await client.data(LIST))["inviteParticipantsOperations"]["changeCursor"]
    await create(client, "b")
    nothing = await history(client, "a", after=after_a)

    assert nothing["nodes"] == []
    assert nothing["pageInfo"]["endCursor"]
    assert kinds_and_versions((await history(client, "b", after=after_a))["nodes"]) == THREE
    await client.data(UPDATE, id="a", status="Failed")
    later = await history(client, "a", after=nothing["pageInfo"]["endCursor"])
    assert kinds_and_versions(later["nodes"]) == [("UPDATED", 4)]


async def test_history_outlives_a_deletion_and_continues_when_the_id_is_reused(
    client: Client,
) -> None:
    await create(client, "a")
    await client.delete("a")
    once = (await client.data(CHANGES))["changes"]["nodes"]
    await create(client, "a")
    again = (await client.data(CHANGES))["changes"]["nodes"]

    assert kinds_and_versions(once) == [*THREE, ("DELETED", 3)]
    assert [change["operation"] for change in once] == [None] * 4
    assert once[-1]["state"] == {"status": "Completed"}
    assert kinds_and_versions(again[3]["operation"]["history"]["nodes"]) == kinds_and_versions(
        again
    )
    assert kinds_and_versions((await history(client, "a"))["nodes"]) == [
        *THREE,
        ("DELETED", 3),
        *THREE,
    ]


async def test_history_in_an_answer_to_a_mutation_has_the_change_it_made(client: Client) -> None:
    created = await client.data(CREATE, input={"id": "a"})
    updated = await client.data(UPDATE, id="a", status="Running")

    payload = created["createInviteParticipantsOperation"]["operation"]
    assert kinds_and_versions(payload["history"]["nodes"]) == THREE[:1]
    payload = updated["updateInviteParticipantsOperation"]["operation"]
    assert kinds_and_versions(payload["history"]["nodes"]) == THREE[:2]


async def test_history_of_every_operation_of_a_list_is_its_own(client: Client) -> None:
    ids = [str(number) for number in range(60)]
    await create(client, *ids)
    nodes = (await client.data(LIST, first=2))["inviteParticipantsOperations"]["nodes"]

    assert [node["id"] for node in nodes] == ids[::-1]
    for node in nodes:
        assert kinds_and_versions(node["history"]["nodes"]) == THREE[:2]
        assert {change["operation"]["id"] for change in node["history"]["nodes"]} == {node["id"]}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"first": 501}, "LIMIT_EXCEEDED"),
        ({"first": -1}, "BAD_USER_INPUT"),
        ({"after": "x"}, "BAD_USER_INPUT"),
        ({"after": "kgAA"}, "CURSOR_EXPIRED"),
    ],
    ids=str,
)
async def test_invalid_history_arguments_are_errors_of_the_field(
    client: Client, arguments: JSONObject, code: str
) -> None:
    await create(client, "a")
    answer = await client.answer(HISTORY, id="a", **arguments)

    assert answer["data"] == {"inviteParticipantsOperation": None}
    (error,) = answer["errors"]
    assert error["path"] == ["inviteParticipantsOperation", "history"]
    assert error["extensions"]["code"] == code
