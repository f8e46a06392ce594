"""Operations of a call by Graph's REST interface: reading, creating, changing, deleting."""

import json
import re
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support import paths
from support.gateways import Client
from support.rest_client import TYPE, JSONObject, Rest, invited, properties

SEED: dict[str, Any] = json.loads(paths.SEED.read_text())["value"]

ETAG = "@odata.etag"


@pytest.fixture
async def rest(http: aiohttp.ClientSession, gateway_url: str) -> Rest:
    """A client of a call of the test's own."""
    return Rest(http, gateway_url)


async def test_get_reproduces_the_resources_documentation(rest: Rest) -> None:
    seed = {**SEED, "id": str(uuid4()), "status": "Running"}
    created = await rest.send("POST", rest.operations, {"value": seed})
    assert created.status == 201, created.body
    got = await rest.get(f"/{seed['id']}")
    assert got.status == 200
    context = got.body.pop("@odata.context")
    assert context.endswith(
        f"/v1.0/$metadata#communications/calls('{rest.call}')/operations/$entity"
    )
    assert got.body.pop(ETAG) == got.headers["ETag"] == 'W/"1"'
    assert json.dumps(got.body) == json.dumps(seed)
    assert got.headers["Content-Type"] == "application/json;odata.metadata=minimal"
    assert got.headers["OData-Version"] == "4.0"


async def test_create_answers_with_the_operation_and_its_address(rest: Rest) -> None:
    body = {"@odata.type": TYPE, "clientContext": "a", "participants": [invited(user={"id": "u"})]}
    created = await rest.send("POST", rest.operations, body)
    assert created.status == 201
    got = await rest.send("GET", created.headers["Location"])
    assert got.body == created.body
    assert got.body["status"] == "NotStarted"
    assert got.body["participants"][0]["identity"]["user"]["id"] == "u"


async def test_undeclared_properties_come_back_at_their_level(rest: Rest, shared: Client) -> None:
    user = {"id": "u", "displayName": "U", "tenantId": "t", "none": None, "n": 1.0}
    participant = {**invited(user=user, other={"id": "o"}), "team": [1, None]}
    created = await rest.create(participants=[participant], extra={"deep": [True]})
    assert created["extra"] == {"deep": [True]}
    got = created["participants"][0]
    assert got["team"] == [1, None]
    assert got["identity"]["other"] == {"id": "o"}
    assert {name: got["identity"]["user"][name] for name in user} == user
    data = await shared.data(
        "query ($id: ID!) { inviteParticipantsOperation(id: $id) { callId additionalProperties"
        " participants { additionalProperties identity { additionalProperties user"
        " { additionalProperties } } } } }",
        id=created["id"],
    )
    assert data["inviteParticipantsOperation"] == {
        "callId": rest.call,
        "additionalProperties": {"extra": {"deep": [True]}},
        "participants": [
            {
                "additionalProperties": {"team": [1, None]},
                "identity": {
                    "additionalProperties": {"other": {"id": "o"}},
                    "user": {"additionalProperties": {"tenantId": "t", "none": None, "n": 1.0}},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
        {"additionalProperties": {"a": 1}},
        {"a": {"additionalProperties": {"b": {"additionalProperties": {}}}}},
        [{"a": [{"b": {}}]}],
        '} { \\ " , "additionalProperties":{ \u2028',
        {'"additionalProperties":{': "}"},
        {},
    ],
)
async def test_undeclared_values_come_back_whatever_they_contain(rest: Rest, value: object) -> None:
    user = {"id": "u", "first": value, "last": value}
    participant = {**invited(user=user), "only": value}
    created = await rest.create(participants=[participant, participant], own=value)
    got = await rest.get(f"/{created['id']}")
    assert got.body["own"] == value
    for one in got.body["participants"]:
        assert one["only"] == value
        assert one["identity"]["user"].items() >= user.items()


async def test_patch_merges_objects_and_replaces_lists(rest: Rest) -> None:
    created = await rest.create(
        clientContext="a",
        resultInfo={"code": 0, "subcode": 7015, "message": "m"},
        participants=[invited(user={"id": "u"}), invited(phone={"id": "+1"})],
        extra=1,
    )
    path = f"{rest.operations}/{created['id']}"
    changed = await rest.send(
        "PATCH",
        path,
        {
            "id": "ignored",
            "status": "completed",
            "@odata.context": "ignored",
            "resultInfo": {"@odata.type": "microsoft.graph.resultInfo", "code": 200},
            "participants": [invited(user={"id": "v"})],
            "more": 2,
        },
    )
    assert changed.status == 200
    assert changed.headers["ETag"] == 'W/"2"'
    body = changed.body
    assert (body["id"], body["status"], body["clientContext"]) == (created["id"], "Completed", "a")
    assert properties(body["resultInfo"]) == {"code": 200, "subcode": 7015, "message": "m"}
    assert [one["identity"]["user"]["id"] for one in body["participants"]] == ["v"]
    assert (body["extra"], body["more"]) == (1, 2)
    cleared = await rest.send(
        "PATCH", path, {"clientContext": None, "resultInfo": None, "status": None}
    )
    assert properties(cleared.body).keys() == {"id", "status", "participants", "extra", "more"}
    assert cleared.body["status"] == "Completed"


async def test_read_entity_can_be_sent_back(rest: Rest) -> None:
    created = await rest.create(participants=[invited(phone={"id": "+1", "x": None})], extra=[1])
    path = f"{rest.operations}/{created['id']}"
    sent = await rest.send("PATCH", path, created)
    assert (sent.status, sent.body) == (200, created)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_write_for_another_version_is_refused(rest: Rest, method: str) -> None:
    created = await rest.create()
    path = f"{rest.operations}/{created['id']}"
    await rest.send("PATCH", path, {"status": "Running"})
    stale = await rest.send(method, path, {"status": "Failed"}, If_Match=created[ETAG])
    assert (stale.status, stale.error["code"]) == (412, "resourceModified")
    now = (await rest.send("GET", path)).headers["ETag"]
    done = await rest.send(method, path, {"status": "Failed"}, If_Match=f'W/"9", {now}')
    assert done.status in {200, 204}


async def test_delete_removes_and_answers_without_a_body(rest: Rest) -> None:
    created = await rest.create()
    path = f"{rest.operations}/{created['id']}"
    deleted = await rest.send("DELETE", path, If_Match="*")
    assert (deleted.status, deleted.body) == (204, "")
    for method in ("GET", "PATCH", "DELETE"):
        gone = await rest.send(method, path, {})
        assert (gone.status, gone.error["code"]) == (404, "itemNotFound")


async def test_operation_is_only_found_in_its_own_call(rest: Rest) -> None:
    created = await rest.create()
    other = Rest(rest.http, rest.url)
    for method in ("GET", "PATCH", "DELETE"):
        assert (await rest.send(method, f"{other.operations}/{created['id']}", {})).status == 404
    across = await rest.send(
        "GET", f"/beta/communications/inviteParticipantsOperations/{created['id']}"
    )
    assert properties(across.body) == properties(created)


async def test_key_may_stand_in_parentheses(rest: Rest) -> None:
    call = Rest(rest.http, rest.url, call="it's/a call ü%")
    key = f"delta'{uuid4()}"
    created = await call.create(id=key)
    path = "/v1.0/communications/calls('it''s%2Fa%20call%20%C3%BC%25')/operations"
    keyed = key.replace("'", "''")
    for key in (f"('{keyed}')", f"(id='{keyed}')"):
        got = await rest.send("GET", f"{path}{key}/microsoft.graph.inviteParticipantsOperation")
        assert got.body == created
    assert (await rest.send("GET", f"{path}/$count")).body == "1"


async def test_known_version_is_not_sent_again(rest: Rest) -> None:
    created = await rest.create()
    path = f"{rest.operations}/{created['id']}"
    assert (await rest.send("GET", path, If_None_Match='W/"1"')).status == 304
    assert (await rest.send("GET", path, If_None_Match='W/"2"')).status == 200


async def test_read_of_another_version_is_refused(rest: Rest) -> None:
    created = await rest.create()
    path = f"{rest.operations}/{created['id']}"
    assert (await rest.send("GET", path, If_Match='W/"1"')).status == 200
    assert (await rest.send("GET", path, If_Match='W/"2"')).status == 412


async def test_client_that_wants_little_gets_no_body(rest: Rest) -> None:
    created = await rest.send("POST", rest.operations, {}, Prefer="return=minimal")
    assert (created.status, created.body) == (204, "")
    assert created.headers["Preference-Applied"] == "return=minimal"
    assert created.headers["OData-EntityId"] == created.headers["Location"]
    changed = await rest.send(
        "PATCH", created.headers["Location"], {"status": "Running"}, Prefer="return=minimal"
    )
    assert (changed.status, changed.headers["ETag"]) == (204, 'W/"2"')


async def test_read_does_not_apply_the_preference_for_writes(rest: Rest) -> None:
    created = await rest.create()
    for path in (rest.operations, f"{rest.operations}/{created['id']}"):
        answer = await rest.send("GET", path, Prefer="return=minimal")
        assert answer.status == 200
        assert "Preference-Applied" not in answer.headers


async def test_creation_with_the_same_client_request_id_is_done_once(rest: Rest) -> None:
    one, other = ({"clientContext": text} for text in ("a", "b"))
    key = str(uuid4())
    responses = [
        await rest.send("POST", rest.operations, body, client_request_id=id_)
        for body, id_ in ((one, key), (one, key), (other, key), (one, str(uuid4())))
    ]
    assert [answer.status for answer in responses] == [201] * 4
    ids = [answer.body["id"] for answer in responses]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert responses[0].headers["client-request-id"] == key


async def test_existing_id_is_not_created_again(rest: Rest) -> None:
    created = await rest.create()
    again = await rest.send("POST", rest.operations, {"id": created["id"]})
    assert (again.status, again.error["code"]) == (409, "nameAlreadyExists")


@pytest.mark.parametrize("action", ["invite", "microsoft.graph.invite"])
async def test_invite_makes_an_operation_of_the_call(rest: Rest, action: str) -> None:
    path = rest.operations.replace("operations", f"participants/{action}")
    body = {"participants": [invited(user={"id": "u"})], "clientContext": "c"}
    response = await rest.send("POST", path, body)
    assert response.status == 200
    assert response.body["@odata.type"] == TYPE
    assert (response.body["status"], response.body["clientContext"]) == ("NotStarted", "c")
    assert (await rest.send("GET", response.headers["Location"])).body == response.body
    wrong: JSONObject
    for wrong in (
        {"participants": []},
        {"participants": [invited()] * 6},
        {"participants": [invited()], "status": "Running"},
    ):
        assert (await rest.send("POST", path, wrong)).status == 400


async def test_errors_are_in_graphs_form(rest: Rest) -> None:
    missing = await rest.get("/none", client_request_id="mine")
    inner = missing.error["innerError"]
    assert missing.error.keys() == {"code", "message", "innerError"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner["date"])
    assert inner["request-id"] == missing.headers["request-id"]
    assert inner["client-request-id"] == missing.headers["client-request-id"] == "mine"
    invalid = await rest.send(
        "POST", rest.operations, {"status": "Done", "participants": [{"hidden": "x"}]}
    )
    assert (invalid.status, invalid.error["code"]) == (400, "invalidRequest")
    targets = [one["target"] for one in invalid.error["details"]]
    assert {"status", "participants/0/hidden", "participants/0/identity"} <= set(targets)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1.0/communications/calls/c", 404, "itemNotFound"),
        ("GET", "/v1.0/users", 404, "itemNotFound"),
        ("PUT", "/v1.0/communications/calls/c/operations/o", 405, "notAllowed"),
        ("GET", "/v1.0/communications/calls/c/participants/invite", 405, "notAllowed"),
        ("GET", "/v1.0/communications/calls/c/operations/o?$expand=x", 501, "notSupported"),
        ("GET", "/v1.0/communications/calls/c/operations?$apply=x", 501, "notSupported"),
        ("GET", "/v1.0/communications/calls/c/operations?fliter=x", 501, "notSupported"),
        ("GET", "/v1.0/communications/calls/c/operations?$top=1&$top=1", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$top=1&top=1", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$top=501", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$top=x", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$skiptoken=x", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$count=2", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$skip=-1", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$orderby=x", 400, "invalidRequest"),
        ("GET", "/v1.0/communications/calls/c/operations?$select=ID", 400, "invalidRequest"),
        (
            "GET",
            "/v1.0/communications/calls/c/operations?$orderby=participants",
            501,
            "notSupported",
        ),
    ],
)
async def test_request_that_cannot_be_served_is_refused(
    rest: Rest, method: str, path: str, status: int, code: str
) -> None:
    answer = await rest.send(method, path)
    assert (answer.status, answer.error["code"]) == (status, code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "text/html"}, 406),
        ({"OData-MaxVersion": "3.0"}, 400),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_header_without_sense_is_refused(
    rest: Rest, headers: dict[str, str], status: int
) -> None:
    async with rest.http.post(rest.url + rest.operations, data=b"{}", headers=headers) as answer:
        assert answer.status == status
        assert "code" in (await answer.json())["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"{",
        b'{"@odata.type":"#microsoft.graph.user"}',
        b'{"recordingLocation":"https://example.com/a"}',
        b'{"n":1e999}',
        b'{"participants":[{"identity":{"user":{"id":-1e999}}}]}',
    ],
)
@pytest.mark.parametrize("ids", [{}, {"client-request-id": "mine"}])
async def test_body_that_is_no_operation_is_refused(
    rest: Rest, body: bytes, ids: dict[str, str]
) -> None:
    headers = {"Content-Type": "application/json", **ids}
    async with rest.http.post(rest.url + rest.operations, data=body, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "invalidRequest"


async def test_properties_of_serializers_are_not_stored(rest: Rest) -> None:
    user = {"$id": "3", "user": {"id": "u"}}
    invited_twice = {"$id": "1", "$values": [{"$id": "2", "identity": user}, {"$ref": "2"}]}

    created = await rest.send(
        "POST", rest.operations, {"$id": "0", "status": 1, "participants": invited_twice}
    )
    invitation = await rest.send(
        "POST",
        rest.operations.replace("operations", "participants/invite"),
        {"$id": "0", "participants": invited_twice},
    )

    assert (created.status, created.body["status"]) == (201, "Running")
    assert invitation.status == 200
    for answer in (created, invitation):
        ids = [one["identity"]["user"]["id"] for one in answer.body["participants"]]
        assert ids == ["u", "u"]
        assert "$" not in json.dumps(properties(answer.body))


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"Status": "running"}, "Status"),
        ({"resultInfo": {"Code": 1}}, "resultInfo/Code"),
        ({"participants": [{"Identity": {}}]}, "participants/0/Identity"),
        ({"@odata.type": "#microsoft.graph.recordOperation"}, "@odata.type"),
        ({"participants": [{"identity": {"user": {"id": 7}}}]}, "participants/0/identity/user/id"),
        ({"$values": []}, None),
    ],
)
async def test_wrong_bodies_are_refused_by_the_property(
    rest: Rest, body: JSONObject, target: str | None
) -> None:
    created = await rest.create()

    for method, path in (("POST", ""), ("PATCH", f"/{created['id']}")):
        answer = await rest.send(method, rest.operations + path, body)
        assert (answer.status, answer.error["code"]) == (400, "invalidRequest")
        assert answer.error.get("target") == target
