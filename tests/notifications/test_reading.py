"""Imports of bots' logs of notifications: the variants that occur in practice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.gateways import Command
from support.graph_notifications import (
    BARE_CALL,
    BARE_ID,
    CALL,
    ID,
    INVITE,
    URL,
    envelope,
    notification,
)

Json = Any

FAILURE = {"code": 500, "subcode": 7106, "message": "DiagCode: 500#7106.@"}
INVITED = [{"identity": {"user": {"id": "u", "identityProvider": "AAD"}}, "replacesCallId": "r"}]


class Importer:
    """Imports values, a line each, into one database."""

    def __init__(self, run: Command, folder: Path) -> None:
        self._run = run
        self._file = folder / "log.ndjson"

    def refused(self, *values: Json) -> list[str]:
        """Import values, and return the messages about those that were refused."""
        self._file.write_text("".join(f"{json.dumps(value)}\n" for value in values))
        done = self._run("import", str(self._file), COLUMNS="1000")
        messages = (line.partition("log.ndjson: ")[2] for line in done.stderr.splitlines())
        lines = [line for line in messages if line]
        assert done.returncode == (1 if lines else 0), done.stderr
        return lines

    def operations(self, *values: Json) -> list[Json]:
        """Import valid values, and return all operations, the oldest first."""
        assert self.refused(*values) == []
        return self.stored()

    def stored(self) -> list[Json]:
        """Return all operations, the oldest first."""
        done = self._run("export", "-")
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def importer(run_in_process: Command, tmp_path: Path) -> Importer:
    return Importer(run_in_process, tmp_path)


def content(operation: Json) -> Json:
    """Return an operation without what the gateway adds."""
    own = {"version", "createdAt", "updatedAt", "endedAt"}
    return {name: value for name, value in operation.items() if name not in own}


def test_import_reads_the_operation_in_a_notification(importer: Importer) -> None:
    (operation,) = importer.operations(
        envelope(
            notification(
                id=ID,
                status="failed",
                clientContext="c-1",
                resultInfo={"@odata.type": "#microsoft.graph.resultInfo", **FAILURE},
                participants=[
                    {
                        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                        "identity": {
                            "@odata.type": "#microsoft.graph.identitySet",
                            "user": {"id": "u", "identityProvider": "AAD"},
                        },
                        "replacesCallId": "r",
                    }
                ],
            )
        )
    )

    user = {"id": "u", "additionalProperties": {"identityProvider": "AAD"}}
    assert content(operation) == {
        "id": ID,
        "callId": CALL,
        "clientContext": "c-1",
        "status": "Failed",
        "resultInfo": FAILURE,
        "participants": [{"identity": {"user": user}, "replacesCallId": "r"}],
    }


@pytest.mark.parametrize(
    "value",
    [
        envelope(notification(id=ID, status="completed")),
        {"value": [notification(id=ID, status="completed")]},
        {"value": notification(id=ID, status="completed")},
        notification(id=ID, status="completed"),
        [notification(id=ID, status="completed")],
    ],
    ids=["envelope", "envelope without a type", "value", "alone", "list"],
)
def test_import_reads_every_envelope(importer: Importer, value: Json) -> None:
    (operation,) = importer.operations(value)

    assert (operation["id"], operation["callId"], operation["status"]) == (ID, CALL, "Completed")


@pytest.mark.parametrize("change", ["deleted", "Deleted", "DELETED", "Updated", "updated", None])
@pytest.mark.parametrize("status", ["completed", "Completed", "COMPLETED"])
def test_words_are_read_in_any_case(importer: Importer, change: str, status: str) -> None:
    item = notification(change, id=ID, status=status)
    del item["@odata.type"]
    (operation,) = importer.operations({"value": [item]})

    assert operation["status"] == "Completed"


@pytest.mark.parametrize(
    ("url", "id_"),
    [
        (f"/app/calls/{BARE_CALL}/operations/{BARE_ID.upper()}", None),
        (f"/communications/calls/{CALL.upper()}/operations/{ID.upper()}/", None),
        (f"https://graph.microsoft.com/v1.0{URL}?a=b", None),
        (f"/communications/calls('{BARE_CALL}')/operations('{BARE_ID}')", None),
        (f"/communications/calls/{CALL}/operations/participants", BARE_ID.upper()),
        (f"/communications/calls/{CALL}", ID.upper()),
        (f"/app/calls/{BARE_CALL.upper()}/operations", BARE_ID),
    ],
)
@pytest.mark.parametrize("stored", [ID, ID.upper(), BARE_ID, BARE_ID.upper()])
def test_id_is_matched_whatever_its_form(
    importer: Importer, stored: str, url: str, id_: str | None
) -> None:
    importer.operations({"id": stored, "status": "Running"})

    (operation,) = importer.operations(notification(url=url, id=id_, status="completed"))

    assert content(operation) == {
        "id": stored,
        "callId": CALL,
        "status": "Completed",
        "participants": [],
    }


def test_older_resource_member_is_read(importer: Importer) -> None:
    item = notification(url=None, status="completed")
    item["resource"] = f"/app/calls/{BARE_CALL}/operations/{BARE_ID.upper()}"
    (operation,) = importer.operations(item)

    assert (operation["id"], operation["callId"]) == (ID, CALL)


NOWHERE = f"/communications/calls/{CALL}/operations/participants"


@pytest.mark.parametrize("stored_call", [CALL, BARE_CALL.upper()])
@pytest.mark.parametrize(
    ("context", "stored_context"),
    [("c-2", "c-2"), (BARE_ID.upper(), ID), (ID, BARE_ID.upper())],
)
def test_without_an_id_call_and_client_context_match(
    importer: Importer, stored_call: str, context: str, stored_context: str
) -> None:
    others = [{"id": "1", "callId": "other"}, {"id": "2", "callId": stored_call}]
    wanted = {"id": "3", "callId": stored_call, "clientContext": stored_context}
    importer.operations(*({"clientContext": context} | each for each in others[:1]), others[1])
    importer.operations(wanted)

    operations = importer.operations(
        notification(url=NOWHERE, id=None, clientContext=context, status="completed")
    )

    assert [each["status"] for each in operations] == ["NotStarted", "NotStarted", "Completed"]


@pytest.mark.parametrize("known", [[], ["a", "b"]], ids=["none", "two"])
@pytest.mark.parametrize("context", ["c", None])
def test_without_an_id_nothing_is_made_up(
    importer: Importer, known: list[str], context: str | None
) -> None:
    before = [{"id": id_, "callId": CALL, "clientContext": "c"} for id_ in known]
    importer.operations(*before)

    messages = importer.refused(
        notification(url=NOWHERE, id=None, clientContext=context, status="completed")
    )

    (message,) = messages
    assert message.startswith("line 1: It has no id, and not exactly one operation has")
    assert {each["status"] for each in importer.stored()} <= {"NotStarted"}
    assert len(importer.stored()) == len(known)


@pytest.mark.parametrize(
    "type_",
    [
        "#microsoft.graph.inviteParticipantsOperation",
        "microsoft.graph.inviteParticipantsOperation",
        "#Microsoft.Graph.InviteParticipantsOperation",
        "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.inviteParticipantsOperation",
        "#microsoft.graph.commsOperation",
    ],
)
def test_invite_is_known_by_every_spelling_of_its_type(importer: Importer, type_: str) -> None:
    wanted = {"@odata.type": type_, "id": ID, "status": "completed"}
    item = notification() | {"resourceData": wanted}

    assert [each["status"] for each in importer.operations(item, wanted)] == ["Completed"]


@pytest.mark.parametrize(
    "kind", ["playPromptOperation", "recordOperation", "muteParticipantOperation", "call"]
)
def test_import_refuses_other_kinds_by_line_and_type(importer: Importer, kind: str) -> None:
    other = {"@odata.type": f"#microsoft.graph.{kind}", "id": "a8", "status": "completed"}
    mine = notification(id="b", status="failed")
    messages = importer.refused(
        {"id": "a"}, other, envelope(mine, notification() | {"resourceData": other})
    )

    assert messages[0].startswith(f'line 2: the type "#microsoft.graph.{kind}" is not ')
    assert messages[1].startswith("line 3, value[1]: ")
    assert f"#microsoft.graph.{kind}" in messages[1]
    assert [each["id"] for each in importer.stored()] == ["a", "b"]


@pytest.mark.parametrize(
    ("member", "message_start"),
    [
        ({"ID": "A5"}, "ID: Write it 'id'"),
        ({"Status": "completed"}, "Status: Write it 'status'"),
        ({"clientcontext": "c"}, "clientcontext: Write it 'clientContext'"),
        ({"resultInfo": {**FAILURE, "Code": 1}}, "resultInfo.Code: Write it 'code'"),
        (
            {"participants": [{"Identity": {}, "identity": {}}]},
            "participants.0.Identity: Write it 'identity'",
        ),
        (
            {"participants": [{"identity": {"User": {"id": "u"}}}]},
            "participants.0.identity.User: Write it 'user'",
        ),
        (
            {"participants": [{"identity": {"user": {"Id": "u"}}}]},
            "participants.0.identity.user.Id: Write it 'id'",
        ),
    ],
)
def test_members_in_another_case_are_refused(
    importer: Importer, member: Json, message_start: str
) -> None:
    wanted = {"@odata.type": INVITE, "id": "x", **member}

    for value in (wanted, notification() | {"resourceData": wanted}):
        (message,) = importer.refused(value)
        assert message.startswith(f"line 1: {message_start}; names are case-sensitive")
    assert importer.stored() == []


def test_identities_by_other_names_are_kept(importer: Importer) -> None:
    guest = {"id": "g", "displayName": "A guest", "email": "guest@example.com"}
    identity = {"acsUser": {"id": "8:acs:a"}, "phone": None, "guest": guest}
    (operation,) = importer.operations(
        {"@odata.type": INVITE, "id": "i-1", "participants": [{"identity": identity}]}
    )

    assert operation["participants"][0]["identity"] == {
        "guest": {
            "id": "g",
            "displayName": "A guest",
            "additionalProperties": {"email": "guest@example.com"},
        },
        "additionalProperties": {"acsUser": {"id": "8:acs:a"}},
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"code": 412, "subcode": 9999, "message": "m"}, {"code": 412, "subcode": 9999}),
        ({"code": "412", "subcode": "9999"}, {"code": 412, "subcode": 9999}),
        ({"code": "-1", "subcode": "0"}, {"code": -1, "subcode": 0}),
        ({"code": "200"}, {"code": 200, "subcode": 0}),
        ({"code": 200, "subcode": None}, {"code": 200, "subcode": 0}),
    ],
)
def test_result_is_kept_with_its_codes_as_numbers(
    importer: Importer, given: Json, kept: Json
) -> None:
    (operation,) = importer.operations(
        {"@odata.type": INVITE, "id": "i-2", "status": "failed", "resultInfo": given}
    )

    result = operation["resultInfo"]
    assert {"code": result["code"], "subcode": result["subcode"]} == kept
    assert result.get("message") == given.get("message")


SERIALIZED = {
    "$id": "1",
    "@odata.type": INVITE,
    "id": "i-3",
    "status": "Running",
    "resultInfo": None,
    "participants": {
        "$id": "2",
        "$values": [
            {"$id": "3", "identity": {"$id": "4", "user": {"$id": "5", "id": "u"}}},
            {"identity": {"$ref": "4"}},
            {"$ref": "3"},
        ],
    },
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda entity: entity,
        lambda entity: {"$id": "0", "value": {"$id": "00", "$values": [entity]}},
        lambda entity: {"$id": "0", "$values": [entity]},
        lambda entity: {"value": {"$id": "0", "$values": [entity]}},
        lambda entity: {"$id": "0", "value": entity},
        lambda entity: envelope(notification() | {"$id": "0", "resourceData": entity}),
        lambda entity: (
            {"$id": "0"} | notification() | {"changeType": "updated"} | {"resourceData": entity}
        ),
        lambda entity: {name: entity[name] for name in entity if name != "@odata.type"},
    ],
    ids=["entity", "collection", "list", "arrays", "wrapped", "envelope", "alone", "no type"],
)
def test_properties_of_serializers_are_not_stored(
    importer: Importer, wrap: Callable[[Json], Json]
) -> None:
    value = wrap(SERIALIZED)
    if "resourceData" in str(value):  # which does not end it
        value = json.loads(json.dumps(value).replace('"deleted"', '"updated"'))
    (operation,) = importer.operations(value)

    assert operation["status"] == "Running"
    assert operation["participants"] == [{"identity": {"user": {"id": "u"}}}] * 3
    assert "$" not in json.dumps(operation)


def nested_references(depth: int) -> Json:
    """Return references that double at each level: 30 levels would be a billion."""
    value: Json = {"$id": "0", "id": "u"}
    others = [
        {"$id": f"{n}", "a": {"$ref": f"{n - 1}"}, "b": {"$ref": f"{n - 1}"}}
        for n in range(1, depth)
    ]
    return {"@odata.type": INVITE, "id": "x", "bomb": [value, *others]}


@pytest.mark.parametrize(
    ("value", "message_start"),
    [
        ({"@odata.type": INVITE, "$id": "1", "self": {"$ref": "1"}}, 'the $ref "1" is circular'),
        (nested_references(40), "after each $ref is resolved, it has more than 60,000 values"),
    ],
    ids=["circle", "bomb"],
)
def test_references_without_end_are_refused(
    importer: Importer, value: Json, message_start: str
) -> None:
    (message,) = importer.refused(value)

    assert message.startswith(f"line 1: {message_start}")


@pytest.mark.parametrize(
    ("item", "message_start"),
    [
        (notification("gone", id=ID), 'changeType: "gone" is not created, updated or deleted'),
        (notification(id=ID, status="running"), "the operation has finished, but neither"),
        (notification(id=ID, status="odd"), 'status: The value "odd" was given'),
        (notification() | {"resourceData": None}, "Its resourceData is null, not an object."),
        (notification() | {"resourceData": [1]}, "Its resourceData is 1, not an object."),
        (notification(id=7), "id: Expected a string"),
    ],
)
def test_unusable_notifications_are_reported_by_line(
    importer: Importer, item: Json, message_start: str
) -> None:
    messages = importer.refused(envelope(notification(id="1", status="failed"), item))

    assert [line.startswith(f"line 1, value[1]: {message_start}") for line in messages] == [True]
    assert [each["id"] for each in importer.stored()] == ["1"]


@pytest.mark.parametrize(("code", "status"), [(200, "Completed"), (410, "Failed"), (500, "Failed")])
def test_status_of_an_end_follows_from_its_result_code(
    importer: Importer, code: int, status: str
) -> None:
    result = {"code": code, "subcode": 0}
    (operation,) = importer.operations(notification(id=ID, status=None, resultInfo=result))

    assert operation["status"] == status


def test_import_again_changes_nothing(importer: Importer) -> None:
    log = [
        envelope(notification("created", id=ID, status="notStarted", participants=INVITED)),
        envelope(notification("updated", id=ID, status="running")),
        envelope(notification(id=ID, status="failed", resultInfo=FAILURE)),
    ]
    once = importer.operations(*log)

    assert importer.operations(*log, *reversed(log)) == once
