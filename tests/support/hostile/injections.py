"""Characters with a meaning in SQL, in patterns or in JSON paths, in every text.

An injected text is data: it finds the operation that has it, in each field and by each operator,
and no other. Others would be found if it were interpreted as a pattern or as SQL.
"""

from collections.abc import Callable
from typing import Any

from support.documents import CHANGE_CURSOR, DELETE, UPDATE
from support.hostile.harness import Case, Victim, assert_is, data, execute

INJECTIONS = {
    "a quote": "'",
    "a double quote": '"',
    "a backtick": "`",
    "always true": "' OR '1'='1",
    "always true, and a comment": "' OR 1=1 -- ",
    "a second statement": "'; DROP TABLE operations; --",
    "a union": "' UNION SELECT document FROM operations --",
    "a comment": "/* */",
    "a call": "'||hex(randomblob(9))||'",
    "LIKE's many": "%",
    "LIKE's one": "_",
    "LIKE's escape": "\\%",
    "GLOB's many": "*",
    "GLOB's one": "?",
    "GLOB's set": "[a-z]",
    "a regular expression": "(a+)+$",
    "a parameter": "?1 :w0 @w0 $w0",
    "SQLAlchemy's parameter": ":w0",
    "Python's format": "%s %(w0)s {0} {w0!r}",
    "a JSON path": "$.id",
    "JSON": '","id":"x","a":"',
    "a template": "{{7*7}} ${7*7} #{7*7}",
    "a tag": "<script>alert(1)</script>",
    "line breaks": "a\r\nX-Injected: 1\r\n\r\n",
    "a path": "../../../../etc/passwd",
    "a log entry": "\n2026-01-01 ERROR root: all is lost \x1b[31m",
    "JNDI": "${jndi:ldap://127.0.0.1/a}",
    "a backslash": "\\",
    "quotes at both ends": "''\"\"",
    "hexadecimal": "0x27",
    "right to left": "\u202e'--",
    "combining marks": "'\u0301",
}

CREATE = """mutation ($input: CreateInviteParticipantsOperationInput!) {
  createInviteParticipantsOperation(input: $input) {
    operation { id clientContext callId } errors { message }
  }
}"""
FIND = """query ($filter: InviteParticipantsOperationFilter) {
  inviteParticipantsOperations(filter: $filter, first: 500) { nodes { id } totalCount }
}"""
GROUPS = """query ($filter: InviteParticipantsOperationFilter) {
  inviteParticipantsOperationGroups(by: [CALL_ID], filter: $filter) { callId count }
}"""
BY_ID = """query ($id: ID!) {
  node(id: $id) { id } nodes(ids: [$id]) { id } inviteParticipantsOperation(id: $id) { id }
}"""
CHANGES = """query ($filter: InviteParticipantsOperationFilter, $after: String) {
  changes(filter: $filter, first: 500, after: $after) { nodes { operationId } }
}"""

JSONObject = dict[str, Any]


def operation(id_: str, text: str) -> JSONObject:
    """Return an operation with a text in every field that can have it."""
    identity = {"id": text, "displayName": text, "additionalProperties": {text: text}}
    return {
        "id": id_,
        "callId": text,
        "clientContext": text,
        "resultInfo": {"code": 1, "subcode": 1, "message": text},
        "participants": [
            {
                "identity": {"user": identity, "phone": identity},
                "region": text,
                "languageId": text,
                "replacesCallId": text,
                "participantId": text,
                "additionalProperties": {text: [text]},
            }
        ],
        "additionalProperties": {text: {text: text}},
    }


def _some(participant: JSONObject) -> JSONObject:
    return {"participants": {"some": participant}}


IDS: dict[str, Callable[[JSONObject], JSONObject]] = {
    "callId": lambda where: {"callId": where},
    "replacesCallId": lambda where: _some({"replacesCallId": where}),
    "participantId": lambda where: _some({"participantId": where}),
    "user": lambda where: _some({"identity": {"user": {"id": where}}}),
    "any": lambda where: _some({"identity": {"any": {"id": where}}}),
}
TEXTS: dict[str, Callable[[JSONObject], JSONObject]] = {
    "clientContext": lambda where: {"clientContext": where},
    "message": lambda where: {"resultInfo": {"message": where}},
    "region": lambda where: _some({"region": where}),
    "languageId": lambda where: _some({"languageId": where}),
    "displayName": lambda where: _some({"identity": {"phone": {"displayName": where}}}),
}


def filters(text: str) -> list[JSONObject]:
    """Return every comparison with a text, in every field that has one."""
    same: list[JSONObject] = [{"eq": text}, {"in": [text]}]
    parts: list[JSONObject] = [{"contains": text}, {"startsWith": text}, {"endsWith": text}]
    folded = [where | {"ignoreCase": True} for where in [*same, *parts]]
    return [
        *[field(where) for field in IDS.values() for where in same],
        *[field(where) for field in TEXTS.values() for where in [*same, *parts, *folded]],
    ]


def case(name: str, text: str) -> Case:
    """Return the case of one text, in everything that is written, found, followed and deleted."""

    async def attack(victim: Victim) -> None:
        mine = [f"{victim.attempt} {text}", f"{victim.attempt} other"]
        newest = (await data(victim, CHANGE_CURSOR))["inviteParticipantsOperations"]["changeCursor"]
        for id_, held in zip(mine, (text, "zZ9"), strict=True):
            created = (await data(victim, CREATE, input=operation(id_, held)))[
                "createInviteParticipantsOperation"
            ]
            assert created["errors"] == []
            assert created["operation"]["clientContext"] == held
        for where in filters(text):
            await _finds(victim, where, mine, newest)
        await _is_looked_up(victim, mine[0])
        await _groups(victim, text, mine)
        for id_ in mine:
            deleted = (await data(victim, DELETE, id=id_))["deleteInviteParticipantsOperation"]
            assert deleted == {"deletedId": id_, "errors": []}

    return Case(name, attack)


async def _finds(victim: Victim, where: JSONObject, mine: list[str], after: str) -> None:
    """Find the one operation of two, and by the opposite the other.

    Changes are read from where the two were created: a page looks at a limited part of the log,
    and other cases have written a long one.
    """
    among = {"id": {"in": mine}}
    for filter_, found in ((where, mine[0]), ({"not": where}, mine[1])):
        listed = (await data(victim, FIND, filter={"and": [among, filter_]}))[
            "inviteParticipantsOperations"
        ]
        assert listed == {"nodes": [{"id": found}], "totalCount": 1}, (where, filter_)
    asked_for = {"and": [among, where]}
    followed = (await data(victim, CHANGES, filter=asked_for, after=after))["changes"]["nodes"]
    assert {change["operationId"] for change in followed} == {mine[0]}, where


async def _is_looked_up(victim: Victim, id_: str) -> None:
    found = await data(victim, BY_ID, id=id_)
    assert found == {
        "node": {"id": id_},
        "nodes": [{"id": id_}],
        "inviteParticipantsOperation": {"id": id_},
    }
    updated = (await data(victim, UPDATE, input={"id": id_, "status": "Running"}))[
        "updateInviteParticipantsOperation"
    ]
    assert updated == {"operation": {"id": id_, "version": 2}, "errors": []}


async def _groups(victim: Victim, text: str, mine: list[str]) -> None:
    groups = await data(victim, GROUPS, filter={"id": {"in": mine}})
    assert {
        group["callId"]: group["count"] for group in groups["inviteParticipantsOperationGroups"]
    } == {text: 1, "zZ9": 1}


AS_NAMES = [
    f'{{ node(id: "{name}") {{ id }} }}'
    for name in ("1) OR (1=1", "' UNION SELECT sql FROM sqlite_master --", "\\u0027 OR 1=1 --")
]


async def _in_documents(victim: Victim) -> None:
    """Use SQL as a value in a document: it finds nothing."""
    for document in AS_NAMES:
        assert (await data(victim, document))["node"] is None


async def _as_values(victim: Victim) -> None:
    """Use SQL as a value of other types."""
    for name, type_, field in (
        ("first", "Int", "inviteParticipantsOperations(first: $v) { totalCount }"),
        ("offset", "Int", "inviteParticipantsOperations(offset: $v) { totalCount }"),
        ("status", "OperationStatus!", "changes(filter: {status: {eq: $v}}) { nodes { at } }"),
        ("time", "DateTime!", "changes(filter: {createdAt: {gt: $v}}) { nodes { at } }"),
    ):
        document = f"query {name}($v: {type_}) {{ {field} }}"
        assert_is(
            await execute(victim, document, v="1; DROP TABLE operations"), "400 BAD_USER_INPUT"
        )


CASES = [
    *[case(name, text) for name, text in INJECTIONS.items()],
    Case("SQL written in documents", _in_documents),
    Case("SQL in the place of numbers, statuses and times", _as_values),
]
