"""Creating several operations at once: all or none, or each by itself."""

from typing import Any
from uuid import uuid4

import pytest
from support.documents import GET_MANY
from support.gateways import Client

pytestmark = pytest.mark.each_database

Json = Any

FIELD = "createInviteParticipantsOperations"
DOCUMENT = f"""
    mutation ($inputs: [CreateInviteParticipantsOperationInput!]!, $atomic: Boolean! = true) {{
      {FIELD}(inputs: $inputs, atomic: $atomic) {{
        createdCount
        results {{
          operation {{ id version clientContext }}
          errors {{ __typename code message path
            ... on AlreadyExistsError {{ current {{ id version clientContext }} }} }}
        }}
      }}
    }}
"""
INVALID = {"participants": [{"identity": {}}, {"identity": {}, "region": "x" * 1025}]}
BOTH = pytest.mark.parametrize("atomic", [True, False])


async def create_many(client: Client, inputs: list[Json], **atomic: bool) -> Json:
    """Create operations and return the payload."""
    return (await client.data(DOCUMENT, inputs=inputs, **atomic))[FIELD]


async def exist(client: Client, ids: list[str]) -> list[bool]:
    """Return for each id whether the operation exists."""
    data = await client.data(GET_MANY, ids=ids)
    return [node is not None for node in data["nodes"]]


def outcomes(payload: Json) -> list[str | None]:
    """Return the code of each result's only error, or None for an operation."""
    for result in payload["results"]:
        assert (result["operation"] is None) == (len(result["errors"]) == 1)
    return [r["errors"][0]["code"] if r["errors"] else None for r in payload["results"]]


def paths(payload: Json) -> list[list[str]]:
    """Return the paths of all errors."""
    return [error["path"] for result in payload["results"] for error in result["errors"]]


@BOTH
async def test_creating_several_keeps_their_order(shared: Client, *, atomic: bool) -> None:
    inputs = [{"id": uuid4().hex, "clientContext": str(n)} for n in range(20)]
    payload = await create_many(shared, inputs, atomic=atomic)

    assert [r["operation"] for r in payload["results"]] == [{**i, "version": 1} for i in inputs]
    assert payload["createdCount"] == 20


MANY = [{"clientContext": "standup", "resultInfo": {"code": 200, "subcode": 0}}] * 300


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"status": "Unknown"}, "[300].status"),
        ({"clientContext": "x" * 257}, "[300].clientContext"),
        ({"unknown": 1}, "[300]' of the variable '$inputs'. There is no field \"unknown\""),
    ],
)
async def test_creating_very_many_with_a_wrong_one_creates_none_and_names_it(
    shared: Client, wrong: Json, named: str
) -> None:
    answer = await shared.answer(DOCUMENT, inputs=[*MANY, wrong])

    assert "data" not in answer
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert named in answer["errors"][0]["message"]


@BOTH
async def test_creating_none_gives_nothing(shared: Client, *, atomic: bool) -> None:
    assert await create_many(shared, [], atomic=atomic) == {"createdCount": 0, "results": []}


@pytest.mark.parametrize("atomic", [{}, {"atomic": True}])
async def test_creating_all_or_none_aborts_for_an_invalid_one(
    shared: Client, atomic: dict[str, bool]
) -> None:
    ids = [uuid4().hex for _ in range(3)]
    inputs: list[Json] = [{"id": id_} for id_ in ids]
    inputs[1].update(INVALID)
    payload = await create_many(shared, inputs, **atomic)

    assert outcomes(payload) == ["ABORTED", "INVALID", "ABORTED"]
    assert paths(payload) == [
        ["inputs", "0"],
        ["inputs", "1", "participants", "1", "region"],
        ["inputs", "2"],
    ]
    assert payload["createdCount"] == 0
    assert await exist(shared, ids) == [False] * 3


async def test_creating_all_or_none_aborts_for_one_that_exists(shared: Client) -> None:
    old, new = uuid4().hex, uuid4().hex
    await create_many(shared, [{"id": old, "clientContext": "old"}])
    payload = await create_many(shared, [{"id": new}, {"id": old}])

    assert outcomes(payload) == ["ABORTED", "ALREADY_EXISTS"]
    assert payload["results"][1]["errors"][0] == {
        "__typename": "AlreadyExistsError",
        "code": "ALREADY_EXISTS",
        "message": payload["results"][1]["errors"][0]["message"],
        "path": ["inputs", "1", "id"],
        "current": {"id": old, "version": 1, "clientContext": "old"},
    }
    assert await exist(shared, [new]) == [False]


async def test_creating_all_or_none_names_every_failure(shared: Client) -> None:
    old = uuid4().hex
    await create_many(shared, [{"id": old}])
    payload = await create_many(shared, [{"id": ""}, {"id": old}, {}, {"callId": ""}])

    assert outcomes(payload) == ["INVALID", "ALREADY_EXISTS", "ABORTED", "INVALID"]


async def test_creating_each_by_itself_keeps_the_good_ones(shared: Client) -> None:
    old, *new = (uuid4().hex for _ in range(4))
    await create_many(shared, [{"id": old}])
    inputs = [{"id": new[0]}, {"id": new[1], **INVALID}, {"id": old}, {"id": new[2]}]
    payload = await create_many(shared, inputs, atomic=False)

    assert outcomes(payload) == [None, "INVALID", "ALREADY_EXISTS", None]
    assert paths(payload) == [
        ["inputs", "1", "participants", "1", "region"],
        ["inputs", "2", "id"],
    ]
    assert payload["createdCount"] == 2
    assert await exist(shared, new) == [True, False, True]


@pytest.mark.parametrize(
    ("atomic", "expected"),
    [(True, ["ABORTED", "INVALID"]), (False, [None, "ALREADY_EXISTS"])],
)
async def test_creating_an_id_twice_in_one_request_refuses_the_second(
    shared: Client, *, atomic: bool, expected: list[str | None]
) -> None:
    id_ = uuid4().hex
    payload = await create_many(shared, [{"id": id_}, {"id": id_}], atomic=atomic)

    assert outcomes(payload) == expected
    assert await exist(shared, [id_]) == [not atomic]


async def test_creating_nothing_shows_no_operation_that_is_not_there(shared: Client) -> None:
    id_ = uuid4().hex
    payload = await create_many(shared, [{"id": id_}, {"id": id_}], atomic=True)

    shown = [error.get("current") for error in payload["results"][1]["errors"]]
    assert all(await exist(shared, [current["id"] for current in shown if current]))


@BOTH
async def test_creating_a_thousand_is_done(shared: Client, *, atomic: bool) -> None:
    ids = [uuid4().hex for _ in range(1000)]
    payload = await create_many(shared, [{"id": id_} for id_ in ids], atomic=atomic)

    assert payload["createdCount"] == len(payload["results"]) == 1000
    assert all(await exist(shared, ids[:500]) + await exist(shared, ids[500:]))


@BOTH
async def test_creating_a_thousand_and_one_is_too_many(shared: Client, *, atomic: bool) -> None:
    ids = [uuid4().hex for _ in range(1001)]
    answer = await shared.answer(DOCUMENT, inputs=[{"id": id_} for id_ in ids], atomic=atomic)

    (error,) = answer["errors"]
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "inputs",
        "value": 1000,
        "requested": 1001,
    }
    assert error["path"] == [FIELD]
    assert answer["data"] is None
    assert not any(await exist(shared, ids[:500]) + await exist(shared, ids[501:]))


async def test_creating_with_a_null_among_the_inputs_is_refused(shared: Client) -> None:
    answer = await shared.answer(DOCUMENT, inputs=[{}, None])

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert "data" not in answer


async def test_creating_one_written_as_an_object_is_a_list_of_one(shared: Client) -> None:
    payload = await shared.data(f"mutation {{ {FIELD}(inputs: {{}}) {{ createdCount }} }}")

    assert payload == {FIELD: {"createdCount": 1}}
