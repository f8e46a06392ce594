"""Mutations of operations: stored values, failures and their paths, and versions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.gateways import Client

pytestmark = pytest.mark.each_database

Json = Any

TYPENAME = "InviteParticipantsOperation"
KINDS = [
    "application",
    "device",
    "user",
    "applicationInstance",
    "assertedIdentity",
    "azureCommunicationServicesUser",
    "encrypted",
    "guest",
    "onPremises",
    "phone",
]
ALL = f"""
    fragment I on Identity {{ id displayName additionalProperties }}
    fragment All on {TYPENAME} {{
      id callId clientContext status resultInfo {{ code subcode message }}
      participants {{
        identity {{ {" ".join(f"{kind} {{ ...I }}" for kind in KINDS)}
          endpointType additionalProperties }}
        region languageId replacesCallId hidden participantId removeFromDefaultAudioRoutingGroup
        additionalProperties
      }}
      additionalProperties version createdAt updatedAt
    }}
"""
ERRORS = """
    errors { __typename code message path
      ... on ConflictError { current { ...All } } ... on AlreadyExistsError { current { ...All } } }
"""
ANSWERED = {
    "create": "operation { ...All }",
    "update": "operation { ...All }",
    "upsert": "created operation { ...All }",
    "delete": "deletedId",
}

PERSON = {"id": "an id", "displayName": "Ada \U0001f600", "additionalProperties": {"tenantId": "t"}}
FULL = {
    "callId": "call-1",
    "clientContext": "context",
    "status": "Completed",
    "resultInfo": {"code": -(2**31), "subcode": 2**31 - 1, "message": ""},
    "participants": [
        {
            "identity": {
                **{kind: {**PERSON, "id": kind} for kind in KINDS},
                "endpointType": "voicemail",
                "additionalProperties": {"deep": [{"er": None}]},
            },
            "region": "amer",
            "languageId": "en-GB",
            "replacesCallId": "call-0",
            "hidden": False,
            "participantId": "p-1",
            "removeFromDefaultAudioRoutingGroup": True,
            "additionalProperties": {"callId": "allowed here", "": 0},
        }
    ],
    "additionalProperties": {"a": None, "b": [], "c": {}, "d": "\u2028\x7f\u0001"},
}

# The maximum length of each text.
TEXTS = {
    "id": 128,
    "callId": 1024,
    "clientContext": 256,
    "idempotencyKey": 1024,
    "resultInfo.message": 1024,
    "participants.0.region": 1024,
    "participants.0.languageId": 1024,
    "participants.0.replacesCallId": 1024,
    "participants.0.participantId": 1024,
    "participants.0.identity.endpointType": 1024,
    **{f"participants.0.identity.{kind}.id": 1024 for kind in KINDS},
    **{f"participants.0.identity.{kind}.displayName": 1024 for kind in KINDS},
}
# The declared fields of each open type, which its additional properties may not have.
OPEN = {
    "additionalProperties": ["id", "clientContext", "status", "resultInfo", "participants"],
    "participants.0.additionalProperties": ["identity", "region", "hidden", "participantId"],
    "participants.0.identity.additionalProperties": [*KINDS, "endpointType"],
    "participants.0.identity.user.additionalProperties": ["id", "displayName"],
}
REQUIRED: Json = {"0": {"identity": {}}, "resultInfo": {"code": 0, "subcode": 0}}


def input_with(path: str, value: Json) -> Json:
    """Return an input with ``value`` at ``path``, and otherwise only required fields."""
    for step in reversed(path.split(".")):
        if isinstance(value, dict):
            value = {**REQUIRED.get(step, {}), **value}
        value = [value] if step == "0" else {step: value}
    return value


def nested(levels: int) -> Json:
    """Return a JSON object nested so many levels deep."""
    value: Json = 1
    for _ in range(levels):
        value = {"a": value}
    return value


async def mutate(client: Client, verb: str, **fields: Json) -> Json:
    """Send a mutation and return its payload."""
    kind = "Create" if verb == "upsert" else verb.capitalize()
    document = f"""
        mutation ($input: {kind}{TYPENAME}Input!) {{
          payload: {verb}{TYPENAME}(input: $input) {{ {ANSWERED[verb]} {ERRORS} }}
        }}
    """
    return (await client.data(document + ALL, input=fields))["payload"]


async def create(client: Client, **fields: Json) -> Json:
    """Create an operation and return it."""
    payload = await mutate(client, "create", **fields)
    assert payload["errors"] == []
    return payload["operation"]


async def read(client: Client, id_: str) -> Json:
    """Return an operation as it is read."""
    query = f"query ($id: ID!) {{ found: inviteParticipantsOperation(id: $id) {{ ...All }} }} {ALL}"
    return (await client.data(query, id=id_))["found"]


def failure(payload: Json) -> tuple[str, str, list[str]]:
    """Return the type, code and path of a payload's only error."""
    assert not any(payload.get(name) for name in ("operation", "created", "deletedId"))
    (error,) = payload["errors"]
    assert error["message"]
    return error["__typename"], error["code"], error["path"]


def invalid_at(path: str) -> tuple[str, str, list[str]]:
    """Return the failure of an input that is invalid at ``path``."""
    return "ValidationError", "INVALID", ["input", *path.split(".")]


async def test_create_keeps_every_field(shared: Client) -> None:
    id_ = f"é/ {uuid4()}"
    created = await create(shared, id=id_, **FULL)

    assert await read(shared, id_) == created
    assert {name: created[name] for name in FULL} == FULL
    assert (created["id"], created["version"]) == (id_, 1)


async def test_create_without_fields_gives_defaults(shared: Client) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    created = await create(shared)
    after = datetime.now(UTC)

    unset = dict.fromkeys(("callId", "clientContext", "resultInfo", "additionalProperties"))
    times = {name: created[name] for name in ("createdAt", "updatedAt")}
    defaults = {"status": "NotStarted", "participants": [], "version": 1}
    assert created == {"id": created["id"], **defaults, **unset, **times}
    assert before <= datetime.fromisoformat(created["createdAt"]) <= after
    assert created["updatedAt"] == created["createdAt"]
    assert len(created["createdAt"]) == len("2026-01-31T09:30:00.000000Z")


@pytest.mark.parametrize("left_out", [{}, {"id": None, "status": None, "participants": None}])
async def test_create_without_id_makes_a_uuid_v7(shared: Client, left_out: Json) -> None:
    ids = [(await create(shared, **left_out))["id"] for _ in range(5)]

    assert {UUID(id_).version for id_ in ids} == {7}
    assert ids == sorted(ids) == [str(UUID(id_)) for id_ in ids]


async def test_create_of_an_id_that_is_there_shows_it(shared: Client) -> None:
    first = await create(shared, clientContext="first")
    payload = await mutate(shared, "create", id=first["id"], clientContext="second")

    assert failure(payload) == ("AlreadyExistsError", "ALREADY_EXISTS", ["input", "id"])
    assert payload["errors"][0]["current"] == first == await read(shared, first["id"])


async def test_create_compares_ids_exactly(shared: Client) -> None:
    id_ = uuid4().hex
    similar = [f"a{id_}é", f"A{id_}é", f"a{id_}e\u0301", f"a{id_}é ", f"a{id_}%", f"a{id_}_"]
    ids = [(await create(shared, id=each))["id"] for each in similar]

    assert ids == similar


@pytest.mark.parametrize(("path", "longest"), TEXTS.items(), ids=list(TEXTS))
async def test_text_of_the_longest_length_is_kept_and_one_more_refused(
    shared: Client, path: str, longest: int
) -> None:
    text = uuid4().hex + "\U0001f600" * (longest - 32)

    assert await create(shared, **input_with(path, text))
    assert failure(await mutate(shared, "create", **input_with(path, text + "x"))) == invalid_at(
        path
    )


@pytest.mark.parametrize("path", ["id", "callId", "idempotencyKey"])
async def test_text_that_identifies_is_refused_when_empty(shared: Client, path: str) -> None:
    assert failure(await mutate(shared, "create", **input_with(path, ""))) == invalid_at(path)


async def test_id_of_one_character_is_kept(client: Client) -> None:
    assert (await create(client, id="x"))["id"] == "x"


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff"], ids=ascii)
@pytest.mark.parametrize("path", TEXTS)
async def test_text_that_cannot_be_stored_is_refused(shared: Client, path: str, text: str) -> None:
    assert failure(await mutate(shared, "create", **input_with(path, text))) == invalid_at(path)


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize(
    "value",
    [
        [],
        "text",
        1,
        True,
        {"a\0": 1},
        {"a": ["\0"]},
        {"\ud800": 1},
        {"a": {"b": "\udc00"}},
        {"a": "x" * (16 * 1024 - 7)},
        {"a": "é" * (8 * 1024)},
        nested(65),
        {"a": [[nested(62)]]},
    ],
    ids=lambda value: ascii(value)[:20],
)
async def test_additional_properties_that_cannot_be_kept_are_refused(
    shared: Client, path: str, value: Json
) -> None:
    assert failure(await mutate(shared, "create", **input_with(path, value))) == invalid_at(path)


@pytest.mark.parametrize(("path", "name"), [(p, n) for p, names in OPEN.items() for n in names])
async def test_additional_property_that_is_declared_is_refused(
    shared: Client, path: str, name: str
) -> None:
    assert failure(await mutate(shared, "create", **input_with(path, {name: 1}))) == invalid_at(
        path
    )


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("value", [{"a": "x" * (16 * 1024 - 8)}, nested(63)], ids=["size", "depth"])
async def test_additional_properties_up_to_the_limit_are_kept(
    shared: Client, path: str, value: Json
) -> None:
    created = await create(shared, **input_with(path, value))

    assert json.dumps(value) in json.dumps(await read(shared, created["id"]))


@pytest.mark.parametrize("infinite", ["1e400", "-1e999"])
@pytest.mark.parametrize("path", OPEN)
async def test_number_out_of_range_is_refused(shared: Client, path: str, infinite: str) -> None:
    document = f"""mutation ($input: Create{TYPENAME}Input!) {{
        create{TYPENAME}(input: $input) {{ operation {{ id }} {ERRORS} }} }} {ALL}"""
    body = json.dumps({"query": document, "variables": {"input": input_with(path, {"a": [1.5]})}})
    headers = {"Content-Type": "application/json"}
    data = body.replace("1.5", infinite)
    async with shared.session.post(f"{shared.url}/graphql", data=data, headers=headers) as response:
        answer = await response.json()

    assert failure(answer["data"][f"create{TYPENAME}"]) == invalid_at(path)


@pytest.mark.parametrize("path", OPEN)
async def test_numbers_come_back_unchanged(shared: Client, path: str) -> None:
    whole = [0, -1, 2**31, 2**53 + 1, -(2**63), 2**63, 2**64, -(2**64), 10**100]
    numbers = {"n": [*whole, 0.1, 1.0, -0.0, 1e22, 5e-324, 1.7976931348623157e308, True]}
    created = await create(shared, **input_with(path, numbers))

    assert json.dumps(numbers) in json.dumps(created)
    assert await read(shared, created["id"]) == created


async def test_numbers_in_the_document_itself_come_back_unchanged(shared: Client) -> None:
    literal = f"{{ n: [{2**64}, 1.0, 1e22, 0.1, true, null] }}"
    created = await shared.data(
        f"mutation {{ create{TYPENAME}(input: {{ additionalProperties: {literal} }})"
        "{ operation { additionalProperties } } }"
    )

    assert json.dumps([2**64, 1.0, 1e22, 0.1, True, None]) in json.dumps(created)


async def test_number_of_participants_is_limited(shared: Client) -> None:
    person = {"identity": {"user": {"id": "u"}}}
    most = await create(shared, participants=[person] * 200)
    payload = await mutate(shared, "create", participants=[person] * 201)

    assert len(most["participants"]) == 200
    assert failure(payload) == invalid_at("participants")


async def test_create_names_every_fault(shared: Client) -> None:
    wrong = {"clientContext": "x" * 257, **input_with("participants.0.region", "\0")}
    payload = await mutate(shared, "create", **wrong)

    assert [error["path"] for error in payload["errors"]] == [
        ["input", "clientContext"],
        ["input", "participants", "0", "region"],
    ]


async def test_update_keeps_absent_fields(shared: Client) -> None:
    before = await create(shared, **FULL)
    payload = await mutate(shared, "update", id=before["id"], status="Failed")

    after = payload["operation"]
    assert after == {**before, "status": "Failed", "version": 2, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]
    assert after == await read(shared, before["id"])


@pytest.mark.parametrize("verb", ["update", "upsert"])
@pytest.mark.parametrize("name", ["callId", "clientContext", "resultInfo", "additionalProperties"])
async def test_null_clears_a_field(shared: Client, verb: str, name: str) -> None:
    before = await create(shared, **FULL)
    after = (await mutate(shared, verb, id=before["id"], **{name: None}))["operation"]

    assert after == {**before, name: None, "version": 2, "updatedAt": after["updatedAt"]}


@pytest.mark.parametrize("verb", ["update", "upsert"])
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("resultInfo", {"code": 1, "subcode": 2}, {"code": 1, "subcode": 2, "message": None}),
        ("additionalProperties", {"z": 1}, {"z": 1}),
        ("additionalProperties", {}, None),
        ("participants", [], []),
    ],
)
async def test_change_replaces_a_value_whole(
    shared: Client, verb: str, name: str, value: Json, kept: Json
) -> None:
    before = await create(shared, **FULL)
    after = (await mutate(shared, verb, id=before["id"], **{name: value}))["operation"]

    assert after[name] == kept
    assert after["version"] == 2


async def test_update_replaces_participants_whole(shared: Client) -> None:
    before = await create(shared, **FULL)
    phone = {"identity": {"phone": {"id": "+12345678901"}}}
    payload = await mutate(shared, "update", id=before["id"], participants=[phone])

    (participant,) = payload["operation"]["participants"]
    assert participant["identity"]["phone"]["id"] == "+12345678901"
    assert participant["identity"]["user"] is None
    assert participant["region"] is None


@pytest.mark.parametrize("name", ["status", "participants"])
async def test_update_of_a_required_field_to_null_is_refused(shared: Client, name: str) -> None:
    before = await create(shared, **FULL)
    payload = await mutate(shared, "update", id=before["id"], **{name: None})

    assert failure(payload) == invalid_at(name)
    assert await read(shared, before["id"]) == before


@pytest.mark.parametrize("path", sorted(set(TEXTS) - {"id", "idempotencyKey"}))
async def test_update_beyond_a_limit_changes_nothing(shared: Client, path: str) -> None:
    before = await create(shared, **FULL)
    wrong = input_with(path, "x" * (TEXTS[path] + 1))
    payload = await mutate(shared, "update", **{"id": before["id"], **wrong})

    assert failure(payload) == invalid_at(path)
    assert await read(shared, before["id"]) == before


@pytest.mark.parametrize("verb", ["update", "upsert"])
async def test_change_that_changes_nothing_is_none(shared: Client, verb: str) -> None:
    before = await create(shared, **FULL)
    full = (await mutate(shared, verb, id=before["id"], **FULL))["operation"]
    empty = (await mutate(shared, verb, id=before["id"]))["operation"]

    assert before == full == empty == await read(shared, before["id"])


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), (0.0, -0.0), (None, 0), ("1", 1)])
async def test_change_between_equals_of_python_is_a_change(
    shared: Client, old: Json, new: Json
) -> None:
    before = await create(shared, additionalProperties={"a": [old]})
    payload = await mutate(shared, "update", id=before["id"], additionalProperties={"a": [new]})

    after = payload["operation"]
    assert json.dumps(after["additionalProperties"]) == json.dumps({"a": [new]})
    assert after["version"] == 2


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_write_at_the_version_expected_is_done(shared: Client, verb: str) -> None:
    before = await create(shared)
    status = {"status": "Running"} if verb == "update" else {}
    payload = await mutate(shared, verb, id=before["id"], ifVersion=1, **status)

    assert payload["errors"] == []


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("version", [0, 1, 3, -(2**31), 2**31 - 1])
async def test_write_at_another_version_shows_the_operation(
    shared: Client, verb: str, version: int
) -> None:
    id_ = (await create(shared))["id"]
    current = (await mutate(shared, "update", id=id_, status="Running"))["operation"]
    payload = await mutate(shared, verb, id=id_, ifVersion=version)

    assert failure(payload) == ("ConflictError", "CONFLICT", ["input", "ifVersion"])
    assert payload["errors"][0]["current"] == current == await read(shared, id_)


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("id_", ["unknown", "", "\0", "\ud800", "x" * 5000], ids=ascii)
async def test_write_to_an_unknown_id_is_not_found(shared: Client, verb: str, id_: str) -> None:
    payload = await mutate(shared, verb, id=id_, ifVersion=1)

    assert failure(payload) == ("NotFoundError", "NOT_FOUND", ["input", "id"])


async def test_upsert_creates_a_missing_operation(shared: Client) -> None:
    id_ = str(uuid4())
    payload = await mutate(shared, "upsert", id=id_, **FULL)

    assert (payload["created"], payload["errors"]) == (True, [])
    assert (payload["operation"]["id"], payload["operation"]["version"]) == (id_, 1)
    assert payload["operation"] == await read(shared, id_)


async def test_upsert_without_id_creates_each_time(shared: Client) -> None:
    payloads = [await mutate(shared, "upsert", clientContext="again") for _ in range(2)]

    assert [payload["created"] for payload in payloads] == [True, True]
    assert payloads[0]["operation"]["id"] != payloads[1]["operation"]["id"]


async def test_upsert_merges_into_an_existing_operation(shared: Client) -> None:
    before = await create(shared, **FULL)
    kept = {"status": None, "participants": None}
    payload = await mutate(shared, "upsert", id=before["id"], clientContext="new", **kept)

    after = payload["operation"]
    changed = {"clientContext": "new", "version": 2, "updatedAt": after["updatedAt"]}
    assert payload["created"] is False
    assert after == {**before, **changed}


async def test_upsert_beyond_a_limit_is_refused(shared: Client) -> None:
    payload = await mutate(shared, "upsert", clientContext="x" * 257)

    assert failure(payload) == invalid_at("clientContext")


async def test_delete_removes_once(shared: Client) -> None:
    id_ = (await create(shared, **FULL))["id"]
    first, second = [await mutate(shared, "delete", id=id_) for _ in range(2)]

    assert first == {"deletedId": id_, "errors": []}
    assert failure(second) == ("NotFoundError", "NOT_FOUND", ["input", "id"])
    assert await read(shared, id_) is None


async def test_create_after_delete_begins_anew(shared: Client) -> None:
    id_ = (await create(shared, **FULL))["id"]
    await mutate(shared, "update", id=id_, status="Failed")
    await mutate(shared, "delete", id=id_)
    again = await create(shared, id=id_)

    assert (again["version"], again["participants"]) == (1, [])


async def test_each_change_is_a_version(shared: Client) -> None:
    states = [await create(shared, status="NotStarted")]
    id_ = states[0]["id"]
    states += [
        (await mutate(shared, "update", id=id_, status=status))["operation"]
        for status in ("Running", "Running", "Completed", "Failed")
    ]

    assert [state["version"] for state in states] == [1, 2, 2, 3, 4]
    assert {state["createdAt"] for state in states} == {states[0]["createdAt"]}
    assert len({state["updatedAt"] for state in states}) == 4
    assert states == sorted(states, key=lambda state: str(state["updatedAt"]))


async def test_mutations_of_one_document_run_in_order(shared: Client) -> None:
    id_ = uuid4().hex
    document = f"""
        mutation ($id: ID!) {{
          none: update{TYPENAME}(input: {{ id: $id, status: Running }}) {{ errors {{ code }} }}
          one: create{TYPENAME}(input: {{ id: $id }}) {{ operation {{ version }} }}
          wrong: update{TYPENAME}(input: {{ id: $id, status: null }}) {{ errors {{ code }} }}
          two: update{TYPENAME}(input: {{ id: $id, status: Failed }}) {{ operation {{ version }} }}
          gone: delete{TYPENAME}(input: {{ id: $id, ifVersion: 2 }}) {{ deletedId }}
          anew: upsert{TYPENAME}(input: {{ id: $id }}) {{ created operation {{ version }} }}
        }}
    """
    data = await shared.data(document, id=id_)

    assert list(data.items()) == [
        ("none", {"errors": [{"code": "NOT_FOUND"}]}),
        ("one", {"operation": {"version": 1}}),
        ("wrong", {"errors": [{"code": "INVALID"}]}),
        ("two", {"operation": {"version": 2}}),
        ("gone", {"deletedId": id_}),
        ("anew", {"created": True, "operation": {"version": 1}}),
    ]
