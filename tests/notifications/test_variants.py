"""Variants of notifications: of ids, URLs, envelopes, spellings and numbers."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from support.gateways import Client
from support.graph_notifications import INVITE, Graph, envelope, notification

pytestmark = pytest.mark.each_database

Json = Any

READ = """
    query ($id: ID!) { inviteParticipantsOperation(id: $id) {
      id callId clientContext status resultInfo { code subcode message }
      participants { identity { user { id } } }
    } }
"""
OF_CALL = """
    query ($call: ID!) {
      inviteParticipantsOperations(filter: { callId: { eq: $call } }) { nodes { id status } }
    }
"""
COMMS = "#microsoft.graph.commsOperation"
INVITED = [{"identity": {"user": {"id": "u"}}}]


@dataclass(frozen=True)
class Invitation:
    """An operation of the test's own, known only from notifications."""

    client: Client
    graph: Graph
    call: str = field(default_factory=lambda: str(uuid4()))
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def url(self) -> str:
        """The path of the operation."""
        return f"/communications/calls/{self.call}/operations/{self.id}"

    async def notify(self, change: Json = "deleted", **data: Json) -> None:
        """Post a notification of the operation."""
        await self.graph.notify(notification(change, self.url, **data))

    async def read(self) -> Json:
        """Return the operation as it is read."""
        return (await self.client.data(READ, id=self.id))["inviteParticipantsOperation"]


@pytest.fixture
def invitation(shared: Client, http: aiohttp.ClientSession) -> Invitation:
    return Invitation(shared, Graph(http, shared.url))


@pytest.mark.parametrize(
    "template",
    [
        "/communications/calls/{call}/operations/{id}/",
        "communications/calls/{call}/operations/{id}",
        "calls/{call}/operations/{id}",
        " /communications/calls/{call}/operations/{id} ",
        "//communications//calls//{call}//operations//{id}",
        "https://graph.microsoft.com/beta/communications/calls/{call}/operations/{id}?a=b#c",
        "https://graph.microsoft.com/v1.0/app/calls/{call}/operations/{id}/",
        "/COMMUNICATIONS/CALLS/{CALL}/OPERATIONS/{ID}",
        "/communications/calls/{bare_call}/operations/{bare_id}",
        "/communications/calls/{{{call}}}/operations/{{{id}}}",
        "/communications/calls/%7B{call}%7D/operations/%7B{ID}%7D",
        "%2Fcommunications%2Fcalls%2F{call}%2Foperations%2F{id}",
        "/communications/calls('{call}')/operations('{id}')",
        "/communications/calls(%27{call}%27)/operations%28%27{id}%27%29",
        '/communications/calls("{call}")/operations({id})',
        "/communications/calls(id='{call}')/operations(id='{id}')",
        "/communications/calls(id = '{call}')/operations(commsOperationId='{id}')",
        "/communications/calls/{call}/operations/microsoft.graph.inviteParticipantsOperation/{id}",
        "/communications/calls/{call}/operations/{id}/graph.inviteParticipantsOperation",
    ],
)
@pytest.mark.parametrize("member", ["resourceUrl", "resource", "@odata.id"])
async def test_operation_is_found_by_any_form_of_its_address(
    invitation: Invitation, template: str, member: str
) -> None:
    call, id_ = invitation.call, invitation.id
    address = template.format(
        call=call,
        id=id_,
        CALL=call.upper(),
        ID=id_.upper(),
        bare_call=call.replace("-", ""),
        bare_id=id_.replace("-", "").upper(),
    )
    item = notification(url=None, id=None, status="completed")
    (item["resourceData"] if member == "@odata.id" else item)[member] = address

    await invitation.graph.notify(item)

    operation = await invitation.read()
    assert (operation["id"], operation["callId"]) == (id_, call)


@pytest.mark.parametrize(
    "written",
    [
        str.upper,
        lambda id_: id_.replace("-", ""),
        lambda id_: f"{{{id_.upper()}}}",
        lambda id_: f" {id_}\n",
    ],
    ids=["capitals", "undashed", "braces", "spaces"],
)
async def test_id_is_known_in_any_form(
    invitation: Invitation, written: Callable[[str], str]
) -> None:
    url = f"/communications/calls/{invitation.call}/operations/participants"
    item = notification(url=url, id=written(invitation.id), status="completed")

    await invitation.graph.notify(item)

    assert (await invitation.read())["status"] == "Completed"


@pytest.mark.parametrize("absent", [None, "", " ", "0" * 32, str(UUID(int=0))])
async def test_empty_id_is_absent(invitation: Invitation, absent: str | None) -> None:
    await invitation.notify(id=absent, status="completed")

    assert (await invitation.read())["status"] == "Completed"


async def test_notification_without_an_id_finds_an_operation_that_is_created_after_it(
    invitation: Invitation,
) -> None:
    nowhere = f"/communications/calls/{invitation.call}/operations/participants"
    end = notification(url=nowhere, id=None, clientContext="c", status="completed")
    begin = notification("created", invitation.url, id=invitation.id, clientContext="c")

    await invitation.graph.notify(end, begin)

    assert (await invitation.read())["status"] == "Completed"


async def test_id_of_letters_is_found_in_an_address(invitation: Invitation) -> None:
    id_ = uuid4().hex.translate(str.maketrans("0123456789", "abcdefabcd"))
    path = f"/communications/calls/{invitation.call}/operations/{id_}"

    await invitation.graph.notify(notification(url=path, status="completed"))

    found = await invitation.client.data(READ, id=str(UUID(id_)))
    assert found["inviteParticipantsOperation"]["status"] == "Completed"


@pytest.mark.parametrize("absent", [None, ""])
async def test_empty_texts_say_nothing(invitation: Invitation, absent: str | None) -> None:
    await invitation.notify("created", id=absent, status=absent, clientContext="c")
    await invitation.notify(absent, status="running", clientContext=absent)

    operation = await invitation.read()
    assert (operation["status"], operation["clientContext"]) == ("Running", "c")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda item: item,
        lambda item: [item],
        lambda item: [envelope(item)],
        lambda item: envelope(envelope(item)),
        lambda item: [{"value": [envelope(item)]}],
        lambda item: {**item, "@odata.type": "#Microsoft.Graph.CommsNotification"},
        lambda item: {**item, "@odata.type": "#microsoft.graph.notification"},
        lambda item: {"value": item},
        lambda item: {"$values": [item]},
        lambda item: {"$type": "Notifications", "value": {"$values": [item]}},
        lambda item: envelope({**item, "resourceData": [item["resourceData"]]}),
        lambda item: envelope({**item, "resourceData": {"$values": [item["resourceData"]]}}),
        lambda item: envelope({**item, "resourceData": {"value": item["resourceData"]}}),
        lambda item: envelope({**item, "resourceData": {"value": [[item["resourceData"]]]}}),
        lambda item: b"\xef\xbb\xbf" + json.dumps(envelope(item)).encode(),
    ],
    ids=[
        "bare",
        "list",
        "list of envelopes",
        "envelope in an envelope",
        "envelopes in each other",
        "type in capitals",
        "type of another kind",
        "one value",
        "serialized list",
        "serialized value",
        "list of data",
        "serialized data",
        "data in a value",
        "data in lists in a value",
        "byte order mark",
    ],
)
async def test_notification_is_found_in_any_envelope(
    invitation: Invitation, wrap: Callable[[Json], Json]
) -> None:
    item = notification(url=invitation.url, id=invitation.id, status="completed")

    assert await invitation.graph.post(wrap(item)) == 202
    assert (await invitation.read())["status"] == "Completed"


@pytest.mark.parametrize("change", ["DELETED", " deleted", 2, "2", 2.0])
@pytest.mark.parametrize("code", [410, "410", 410.0, "410.0", " 410 "])
async def test_words_and_numbers_are_read_in_any_spelling(
    invitation: Invitation, change: Json, code: Json
) -> None:
    result = {"code": code, "subcode": None, "message": "m"}

    await invitation.notify(change, status=None, resultInfo=result)

    operation = await invitation.read()
    assert operation["status"] == "Failed"
    assert operation["resultInfo"] == {"code": 410, "subcode": 0, "message": "m"}


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "NotStarted"),
        ("1", "Running"),
        (2.0, "Completed"),
        ("RUNNING", "Running"),
        (" failed", "Failed"),
    ],
)
async def test_status_is_read_in_any_spelling(
    invitation: Invitation, status: Json, name: str
) -> None:
    await invitation.notify("updated", status=status)

    assert (await invitation.read())["status"] == name


@pytest.mark.parametrize(
    ("change", "status"), [("created", "NotStarted"), ("updated", "Running"), ("deleted", "Failed")]
)
async def test_unknown_status_is_ignored(invitation: Invitation, change: str, status: str) -> None:
    result = {"code": 500, "subcode": 0}
    if change != "created":
        await invitation.notify("created", status="running")

    await invitation.notify(change, status="unknownFutureValue", resultInfo=result)

    assert (await invitation.read())["status"] == status


@pytest.mark.parametrize(
    "participants",
    [{"value": INVITED}, {"$values": INVITED}, {"value": INVITED[0]}, INVITED[0]],
    ids=["value", "$values", "single in a value", "single"],
)
async def test_participants_are_found_in_any_form(
    invitation: Invitation, participants: Json
) -> None:
    await invitation.notify(status="completed", participants=participants)

    assert (await invitation.read())["participants"] == INVITED


@pytest.mark.parametrize("first", ["3", 3])
async def test_references_have_numbers_or_texts(invitation: Invitation, first: Json) -> None:
    participants = {"$values": [{"$id": first, **INVITED[0]}, {"$ref": first}]}

    await invitation.notify(status="completed", participants=participants)

    assert (await invitation.read())["participants"] == INVITED * 2


async def test_participants_are_kept_with_an_endpoint_type_as_a_number(
    invitation: Invitation,
) -> None:
    identity = {**INVITED[0]["identity"], "endpointType": 0}

    await invitation.notify(status="completed", participants=[{"identity": identity}])

    assert (await invitation.read())["participants"] == INVITED


async def test_result_is_found_in_a_list(invitation: Invitation) -> None:
    await invitation.notify(status=None, resultInfo=[{"code": 500, "subcode": 7106}])

    operation = await invitation.read()
    assert (operation["status"], operation["resultInfo"]["subcode"]) == ("Failed", 7106)


@pytest.mark.parametrize(
    ("result", "codes"),
    [
        ({"code": 500, "subcode": "odd"}, (500, 0)),
        ({"code": 500, "subcode": 3_000_000_000}, (500, 0)),
        ({"subcode": 7106}, (0, 7106)),
        ({"code": "", "subcode": 7106}, (0, 7106)),
        ({}, (0, 0)),
    ],
    ids=json.dumps,
)
async def test_message_of_a_result_is_kept_without_valid_codes(
    invitation: Invitation, result: Json, codes: tuple[int, int]
) -> None:
    message = "DiagCode: 500#7106.@"

    await invitation.notify(status="failed", resultInfo={**result, "message": message})

    code, subcode = codes
    assert (await invitation.read())["resultInfo"] == {
        "code": code,
        "subcode": subcode,
        "message": message,
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"participants": [None]}, {}),
        ({"participants": [{"identity": None}]}, {}),
        ({"participants": INVITED * 201}, {}),
        ({"participants": {"user": {"id": "u"}}}, {}),
        ({"clientContext": "c" * 257}, {}),
        ({"clientContext": 7}, {}),
        ({"clientContext": "a\0b"}, {}),
        ({"much": "x" * 20_000}, {}),
        ({"resultInfo": "none"}, {}),
        ({"resultInfo": {"code": "odd", "subcode": 0}}, {}),
        ({"resultInfo": {"code": None, "subcode": None, "message": None}}, {}),
        *(
            ({"resultInfo": {"code": 500, "subcode": 1, **more}}, {"code": 500, "subcode": 1})
            for more in ({"message": "x" * 1_025}, {"message": 7}, {"new": 1})
        ),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
async def test_end_is_applied_without_invalid_fields(
    invitation: Invitation, given: Json, kept: Json
) -> None:
    await invitation.notify(status="failed", **given)

    operation = await invitation.read()
    assert operation["status"] == "Failed"
    assert operation["resultInfo"] == ({**kept, "message": None} if kept else None)
    assert (operation["participants"], operation["clientContext"]) == ([], None)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("operations/a%00b", {}),
        ("operations/" + "9" * 129, {}),
        ("operations/1\ud800", {}),
        ("operations/1", {"id": "\udfff"}),
        ("operations/1", {"id": 7}),
        ("operations/1", {"status": "odd"}),
        ("operations/1", {"Status": "completed"}),
        ("operations/1", {"@odata.type": "#microsoft.graph.recordOperation"}),
        ("operations/1", {"@odata.type": COMMS, "recordingLocation": "https://example.com/a"}),
        ("operations/1", {"@odata.type": COMMS, "completionReason": "completedSuccessfully"}),
        ("operations/1", {"@odata.type": None, "recordingLocation": "https://example.com/a"}),
        ("operations/1", {"@odata.type": COMMS, "RecordingLocation": "https://example.com/a"}),
        ("operations/participants", {}),
    ],
)
async def test_unusable_notifications_are_ignored(
    invitation: Invitation, path: str, data: Json
) -> None:
    url = f"/communications/calls/{invitation.call}/{path}"
    item = notification(url=url) | {
        "resourceData": {"@odata.type": INVITE, "status": "completed", **data}
    }

    await invitation.graph.notify(item)

    data = await invitation.client.data(OF_CALL, call=invitation.call)
    assert data["inviteParticipantsOperations"]["nodes"] == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (json.dumps(envelope()).encode("utf-16"), {}, 400),
        (b'{"value":[],}', {}, 400),
        (b'{"value":[NaN]}', {}, 400),
        (json.dumps(json.dumps(envelope())).encode(), {}, 400),
        (gzip.compress(json.dumps(envelope()).encode()), {"Content-Encoding": "gzip"}, 415),
        (b'{"value":[]}', {"Content-Type": "application/json;odata.metadata=full"}, 202),
        (b'{"value":[]}', {"Content-Type": "text/plain"}, 415),
        (b'{"value":7,"value":[]}', {}, 202),
    ],
    ids=["UTF-16", "comma", "NaN", "text", "gzip", "parameters", "plain", "names twice"],
)
async def test_body_is_accepted_if_it_is_json(
    http: aiohttp.ClientSession,
    gateway_url: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    given = {"Content-Type": "application/json", **headers}
    url = f"{gateway_url}/graph/notifications"
    async with http.post(url, data=body, headers=given) as response:
        assert response.status == status, await response.text()
