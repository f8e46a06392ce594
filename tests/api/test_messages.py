"""Messages of errors about invalid requests: in GraphQL's terms, with the way out.

Both executors say the same, to the byte.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import GET_MANY
from support.gateways import LONGER, UNTRACED, running
from support.random_documents import Draw
from support.random_mutations import inputs
from support.random_tests import RANDOM
from support.responses import assert_plain, assert_well_formed
from support.strategies import JSONObject, filters, group_keys, ids, orders
from support.waiting import WITHIN

JSON = "application/json"
STRICT = "application/graphql-response+json"

BAD, INVALID, LIMIT = "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "LIMIT_EXCEEDED"


class Gateways:
    """A gateway for each executor, which receive the same requests."""

    def __init__(self, urls: list[str]) -> None:
        self._connections = [
            HTTPConnection(str(parts.hostname), int(parts.port or 0), timeout=WITHIN)
            for parts in map(urlsplit, urls)
        ]

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            connection.close()

    def answer(
        self, body: bytes | None, path: str = "/graphql", method: str = "POST", **headers: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON of the response, which both must send."""
        sent = {"Content-Type": JSON, "Accept": STRICT} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        texts = []
        for connection in self._connections:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            texts.append((response.status, response.read()))
        assert texts[0] == texts[1]
        status, text = texts[0]
        return status, json.loads(text)

    def ask(self, query: str, variables: object) -> Any:  # noqa: ANN401  JSON
        """Return the response to a document."""
        return self.answer(json.dumps({"query": query, "variables": variables}).encode())[1]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    """Two gateways whose logs must not have errors at the end."""
    compiled, reference = (tmp_path_factory.mktemp(name) for name in ("compiled", "reference"))
    with (
        running(compiled, **UNTRACED) as one,
        running(reference, "--executor", "reference", **UNTRACED) as other,
    ):
        both = Gateways([one.url, other.url])
        yield both
        both.close()
    for gateway in (one, other):
        assert not [line for line in gateway.log if "Traceback" in line or "ERROR" in line]


LIST = """
  query (
    $filter: InviteParticipantsOperationFilter, $orderBy: [InviteParticipantsOperationOrder!],
    $first: Int, $after: String, $last: Int, $before: String, $offset: Int
  ) {
    inviteParticipantsOperations(
      filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last,
      before: $before, offset: $offset
    ) { totalCount }
  }
"""
GROUPS = """
  query ($by: [InviteParticipantsOperationGroupKey!]!) {
    inviteParticipantsOperationGroups(by: $by) { count }
  }
"""
CHANGES = """
  query ($first: Int, $after: String, $filter: InviteParticipantsOperationFilter) {
    changes(first: $first, after: $after, filter: $filter) { pageInfo { hasNextPage } }
  }
"""
INCLUDE = 'query ($if: Boolean!) { node(id: "a") { id @include(if: $if) } }'
ERRORS = "errors { __typename code message path }"
CREATE = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    createInviteParticipantsOperation(input: $input) {{ operation {{ status }} {ERRORS} }}
  }}
"""
CREATE_MANY = f"""
  mutation ($inputs: [CreateInviteParticipantsOperationInput!]!, $atomic: Boolean! = true) {{
    createInviteParticipantsOperations(inputs: $inputs, atomic: $atomic) {{
      results {{ operation {{ status }} {ERRORS} }}
    }}
  }}
"""
UPSERT = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    upsertInviteParticipantsOperation(input: $input) {{ operation {{ status }} {ERRORS} }}
  }}
"""
UPDATE = f"""
  mutation ($input: UpdateInviteParticipantsOperationInput!) {{
    updateInviteParticipantsOperation(input: $input) {{ operation {{ status }} {ERRORS} }}
  }}
"""
DELETE = f"""
  mutation ($input: DeleteInviteParticipantsOperationInput!) {{
    deleteInviteParticipantsOperation(input: $input) {{ deletedId {ERRORS} }}
  }}
"""

FILTER = "InviteParticipantsOperationFilter"
INT = "Give a whole number from -2,147,483,648 to 2,147,483,647."
OUT = "The value null was given. Leave the field out, or use isNull."
NO_NULL = "The value null was given. Leave the field out, or give it a value."
STATUSES = "Give one of: NotStarted, Running, Completed, Failed."
DATE_TIME = "Give a string in RFC 3339 with an offset, such as 2026-01-31T09:30:00Z."
NOT_A_CURSOR = "is not a cursor of this list. Give a cursor as it was returned, or leave"


def type_message(place: str, type_: str, found: str, way_out: str = "") -> str:
    """Return the message for a variable's value of another type."""
    message = f"Invalid value {place}. Expected a value of type '{type_}', but {found} was given."
    return f"{message} {way_out}".rstrip()


VALUES: list[tuple[str, JSONObject, str, str]] = [
    # null within a filter
    (LIST, {"filter": {"id": None}}, BAD, f"Invalid value at 'id' of the argument 'filter'. {OUT}"),
    (
        LIST,
        {"filter": {"and": [{}, {"not": {"callId": {"eq": None}}}]}},
        BAD,
        f"Invalid value at 'and[1].not.callId.eq' of the argument 'filter'. {OUT}",
    ),
    (
        LIST,
        {"filter": {"participants": {"some": {"identity": {"any": {"id": None}}}}}},
        BAD,
        "Invalid value at 'participants.some.identity.any.id' of the argument 'filter'. " + OUT,
    ),
    (
        LIST,
        {"filter": {"createdAt": {"eq": None}, "or": None}},
        BAD,
        (
            f"Invalid value at 'or' of the argument 'filter'. {NO_NULL} "
            f"Invalid value at 'createdAt.eq' of the argument 'filter'. {OUT}"
        ),
    ),
    (
        LIST,
        {"filter": {"id": {"isNull": None}}},
        BAD,
        f"Invalid value at 'id.isNull' of the argument 'filter'. {NO_NULL}",
    ),
    (
        CHANGES,
        {"filter": dict.fromkeys(("id", "callId", "status", "version", "and", "or", "not"))},
        BAD,
        (
            f"Invalid value at 'and' of the argument 'filter'. {NO_NULL} "
            f"Invalid value at 'or' of the argument 'filter'. {NO_NULL} "
            f"Invalid value at 'not' of the argument 'filter'. {NO_NULL} "
            f"Invalid value at 'id' of the argument 'filter'. {OUT} "
            f"Invalid value at 'callId' of the argument 'filter'. {OUT} There are 2 more."
        ),
    ),
    # other types than the declared ones
    (
        LIST,
        {"filter": {"id": {"in": ["a", None]}}},
        BAD,
        type_message("at 'id.in[1]' of the variable '$filter'", "ID!", "null"),
    ),
    (
        LIST,
        {"filter": 7},
        BAD,
        type_message("of the variable '$filter'", FILTER, "7", "Give an object."),
    ),
    (
        LIST,
        {"filter": []},
        BAD,
        type_message("of the variable '$filter'", FILTER, "a list", "Give an object."),
    ),
    (
        LIST,
        {"filter": {"id": "a"}},
        BAD,
        type_message("at 'id' of the variable '$filter'", "IDFilter", '"a"', "Give an object."),
    ),
    (
        LIST,
        {"filter": {"id": {"eq": True}}},
        BAD,
        type_message("at 'id.eq' of the variable '$filter'", "ID", "true", "Give a string."),
    ),
    (
        LIST,
        {"filter": {"clientContext": {"contains": {"a": None}}}},
        BAD,
        type_message(
            "at 'clientContext.contains' of the variable '$filter'",
            "String",
            "an object",
            "Give a string.",
        ),
    ),
    (
        LIST,
        {"filter": {"clientContext": {"ignoreCase": "yes"}}},
        BAD,
        type_message(
            "at 'clientContext.ignoreCase' of the variable '$filter'",
            "Boolean",
            '"yes"',
            "Give true or false.",
        ),
    ),
    (
        LIST,
        {"filter": {"status": {"eq": "running"}}},
        BAD,
        type_message(
            "at 'status.eq' of the variable '$filter'", "OperationStatus", '"running"', STATUSES
        ),
    ),
    (
        LIST,
        {"filter": {"status": {"notIn": [False]}}},
        BAD,
        type_message(
            "at 'status.notIn[0]' of the variable '$filter'", "OperationStatus", "false", STATUSES
        ),
    ),
    (
        LIST,
        {"filter": {"createdAt": {"gt": ["2026"]}}},
        BAD,
        type_message(
            "at 'createdAt.gt' of the variable '$filter'", "DateTime", "a list", DATE_TIME
        ),
    ),
    (
        LIST,
        {"filter": {"createdAt": {"gt": "2026-01-31"}}},
        BAD,
        type_message(
            "at 'createdAt.gt' of the variable '$filter'", "DateTime", '"2026-01-31"', DATE_TIME
        ),
    ),
    (
        LIST,
        {"filter": {"ids": {}}},
        BAD,
        (
            "Invalid value of the variable '$filter'. The type 'InviteParticipantsOperationFilter' "
            "has no field \"ids\". Did you mean 'id'?"
        ),
    ),
    (LIST, {"first": "1"}, BAD, type_message("of the variable '$first'", "Int", '"1"', INT)),
    (LIST, {"first": 1.5}, BAD, type_message("of the variable '$first'", "Int", "1.5", INT)),
    (
        LIST,
        {"first": 2**31},
        BAD,
        type_message("of the variable '$first'", "Int", "2147483648", INT),
    ),
    (
        LIST,
        {"first": 10**200},
        BAD,
        type_message("of the variable '$first'", "Int", "a number of many digits", INT),
    ),
    (
        LIST,
        {"after": "x" * 101, "before": 7},
        BAD,
        type_message("of the variable '$before'", "String", "7", "Give a string."),
    ),
    (
        LIST,
        {"orderBy": [{"id": "UP"}]},
        BAD,
        type_message(
            "at '[0].id' of the variable '$orderBy'",
            "SortDirection",
            '"UP"',
            "Give one of: ASC, ASC_NULLS_FIRST, ASC_NULLS_LAST, DESC, DESC_NULLS_FIRST, "
            "DESC_NULLS_LAST.",
        ),
    ),
    (
        LIST,
        {"orderBy": [{"id": None}]},
        BAD,
        (
            "Invalid value at '[0]' of the variable '$orderBy'. Give exactly one field of the type "
            "'InviteParticipantsOperationOrder', and not null."
        ),
    ),
    (
        LIST,
        {"orderBy": {"resultInfo": {}}},
        BAD,
        (
            "Invalid value at 'resultInfo' of the variable '$orderBy'. Give exactly one field of "
            "the type 'ResultInfoOrder', and not null."
        ),
    ),
    (
        GET_MANY,
        {},
        BAD,
        "Invalid value of the variable '$ids'. A value of type '[ID!]!' is required.",
    ),
    (GET_MANY, {"ids": None}, BAD, type_message("of the variable '$ids'", "[ID!]!", "null")),
    (
        GET_MANY,
        {"ids": ["a", {}]},
        BAD,
        type_message("at '[1]' of the variable '$ids'", "ID", "an object", "Give a string."),
    ),
    (
        GROUPS,
        {"by": ["STATE"]},
        BAD,
        type_message(
            "at '[0]' of the variable '$by'",
            "InviteParticipantsOperationGroupKey",
            '"STATE"',
            "Give one of: STATUS, CALL_ID, RESULT_CODE, RESULT_SUBCODE, RESULT_MESSAGE, "
            "RESULT_DIAG_CODE, IDENTITY_KIND, CREATED_DAY, CREATED_HOUR, CREATED_MINUTE.",
        ),
    ),
    (
        INCLUDE,
        {"if": "x" * 101},
        BAD,
        type_message("of the variable '$if'", "Boolean", f'"{"x" * 100}…"', "Give true or false."),
    ),
    (
        INCLUDE,
        {"if": "\ud800"},
        BAD,
        type_message("of the variable '$if'", "Boolean", r'"\ud800"', "Give true or false."),
    ),
    (
        CREATE,
        {"input": None},
        BAD,
        type_message("of the variable '$input'", "CreateInviteParticipantsOperationInput!", "null"),
    ),
    (
        CREATE,
        {"input": {"resultInfo": {"code": 200}}},
        BAD,
        (
            "Invalid value at 'resultInfo' of the variable '$input'. The field 'subcode' of type "
            "'Int!' is required. Give it a value."
        ),
    ),
    (
        CREATE,
        {"input": {"participants": [{"identity": None}]}},
        BAD,
        type_message(
            "at 'participants[0].identity' of the variable '$input'", "IdentitySetInput!", "null"
        ),
    ),
    (
        UPDATE,
        {"input": {"status": "Running"}},
        BAD,
        (
            "Invalid value of the variable '$input'. The field 'id' of type 'ID!' is required. "
            "Give it a value."
        ),
    ),
    (
        CREATE_MANY,
        {"inputs": [], "atomic": None},
        BAD,
        type_message("of the variable '$atomic'", "Boolean!", "null"),
    ),
    # values that the types allow, but the arguments do not
    (LIST, {"first": -1}, BAD, "'first' is -1. Give 0 or more."),
    (LIST, {"first": 501}, LIMIT, "'first' is 501, and the limit is 500. Read more page by page."),
    (LIST, {"offset": -1}, BAD, "'offset' is -1. Give 0 or more."),
    (LIST, {"offset": 1, "last": 1}, BAD, "Give 'offset' with 'first', not with 'last'."),
    (LIST, {"first": 1, "last": 1}, BAD, "Give 'first' or 'last', not both."),
    (LIST, {"after": "x"}, BAD, f"The value of 'after' {NOT_A_CURSOR} 'after' out."),
    (LIST, {"before": "kgEC"}, BAD, f"The value of 'before' {NOT_A_CURSOR} 'before' out."),
    (CHANGES, {"after": "\ud800"}, BAD, f"The value of 'after' {NOT_A_CURSOR} 'after' out."),
    (
        GET_MANY,
        {"ids": ["a"] * 501},
        LIMIT,
        "'ids' has 501 ids, and the limit is 500. Send several requests.",
    ),
    (
        LIST,
        {"orderBy": [{"id": "ASC"}] * 9},
        LIMIT,
        "'orderBy' has 9 keys, and the limit is 8. Give fewer.",
    ),
    # in the document itself, and by variables whose type allows what the place does not
    (
        "{ inviteParticipantsOperations(filter: {id: null}) { totalCount } }",
        {},
        BAD,
        f"Invalid value at 'id' of the argument 'filter'. {OUT}",
    ),
    (
        (
            "query ($s: String) "
            "{ inviteParticipantsOperations(filter: {clientContext: {eq: $s}}) { totalCount } }"
        ),
        {"s": None},
        BAD,
        f"Invalid value at 'clientContext.eq' of the argument 'filter'. {OUT}",
    ),
    (
        "{ nodes(ids: [null]) { id } }",
        {},
        INVALID,
        "Expected value of non-null type 'ID!' not to be null.",
    ),
    (
        "{ node(id: null) { id } }",
        {},
        INVALID,
        "Expected value of non-null type 'ID!' not to be null.",
    ),
    (
        'query ($id: ID = "a") { node(id: $id) { id } }',
        {"id": None},
        BAD,
        (
            "Argument 'id' has invalid value: Expected variable '$id' provided to non-null type "
            "'ID!' not to be null."
        ),
    ),
    (
        (
            "query ($d: SortDirection! = ASC, $id: ID = 1) { nodes(ids: [$id]) { id } "
            "inviteParticipantsOperations(orderBy: {id: $d}) { totalCount } }"
        ),
        {"id": None},
        BAD,
        (
            "Argument 'ids' has invalid value at [0]: Expected variable '$id' provided to non-null "
            "type 'ID!' not to be null."
        ),
    ),
    (
        "{ inviteParticipantsOperations(orderBy: {id: null}) { totalCount } }",
        {},
        INVALID,
        (
            "Within OneOf Input Object type 'InviteParticipantsOperationOrder', exactly one field "
            "must be specified, and the value for that field must be non-null."
        ),
    ),
    (
        "{ inviteParticipantsOperations(orderBy: {id: $d}) { totalCount } }",
        {},
        INVALID,
        "Variable '$d' is not defined.",
    ),
    *(
        (
            (
                f"query ($d: SortDirection) {{ inviteParticipantsOperations(orderBy: {order}) "
                "{ totalCount } }"
            ),
            {"d": "ASC"},
            INVALID,
            (
                "Variable '$d' is of type 'SortDirection' but must be non-nullable to be used for "
                f"OneOf Input Object '{type_}'."
            ),
        )
        for order, type_ in (
            ("{id: $d}", "InviteParticipantsOperationOrder"),
            ("[{version: ASC}, {id: $d}]", "InviteParticipantsOperationOrder"),
            ("{resultInfo: {code: $d}}", "ResultInfoOrder"),
        )
    ),
    (
        '{ inviteParticipantsOperations(first: "1") { totalCount } }',
        {},
        INVALID,
        'Int cannot represent non-integer value: "1".',
    ),
    (
        "{ inviteParticipantsOperations(filter: {createdAt: {eq: {a: null}}}) { totalCount } }",
        {},
        INVALID,
        f"Expected a value of type 'DateTime', but an object was given. {DATE_TIME}",
    ),
    (
        '{ inviteParticipantsOperations(filter: {status: {eq: "Running"}}) { totalCount } }',
        {},
        INVALID,
        (
            "Enum 'OperationStatus' cannot represent non-enum value: \"Running\". Did you mean the "
            "enum value 'Running'?"
        ),
    ),
    (
        "{ inviteParticipantsOperations(orderBy: {id: UP}) { totalCount } }",
        {},
        INVALID,
        "Value 'UP' does not exist in 'SortDirection' enum.",
    ),
    (
        f"{{ nodes(ids: [{'9' * 101}, true]) {{ id }} }}",
        {},
        INVALID,
        "ID cannot represent a non-string and non-integer value: true.",
    ),
    (
        f"{{ inviteParticipantsOperations(first: {'9' * 5_000}) {{ totalCount }} }}",
        {},
        INVALID,
        "A number in the request has more than 4,300 digits. Give fewer digits.",
    ),
    (
        "{ node",
        {},
        "GRAPHQL_PARSE_FAILED",
        "Syntax Error: Expected Name, found the end of the document.",
    ),
    ("", {}, "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected the end of the document."),
]


@pytest.mark.parametrize(
    ("query", "variables", "code", "message"),
    VALUES,
    ids=[f"{json.dumps(variables)[:60]} {query[:40]}" for query, variables, *_ in VALUES],
)
def test_invalid_value_is_refused_by_its_place_and_the_way_out(
    gateways: Gateways, query: str, variables: JSONObject, code: str, message: str
) -> None:
    answer = gateways.ask(query, variables)

    assert [(one["extensions"]["code"], one["message"]) for one in answer["errors"]] == [
        (code, message)
    ]
    assert_plain(message)


def test_invalid_filter_names_each_place_to_programs(gateways: Gateways) -> None:
    (error,) = gateways.ask(LIST, {"filter": {"id": None, "and": [{"version": {"gt": None}}]}})[
        "errors"
    ]

    assert error["extensions"]["validationErrors"] == [
        {"path": ["filter", "and", "0", "version", "gt"], "message": OUT},
        {"path": ["filter", "id"], "message": OUT},
    ]


def test_variable_of_an_order_may_stand_in_a_fragment_before_its_operation(
    gateways: Gateways,
) -> None:
    page = "inviteParticipantsOperations(orderBy: {id: $d}) { totalCount }"
    fragment = f"fragment F on Query {{ {page} }}"
    answer = gateways.ask(f"{fragment} query ($d: SortDirection!) {{ ...F }}", {"d": "ASC"})

    assert "errors" not in answer


def test_many_invalid_values_are_refused_with_the_first(gateways: Gateways) -> None:
    errors = gateways.ask(GET_MANY, {"ids": [None] * 60})["errors"]

    assert len(errors) == 51
    assert errors[-1]["message"] == "There are more errors than these 50. Correct them first."


INPUTS: list[tuple[str, JSONObject, list[tuple[str, str]]]] = [
    (
        CREATE,
        {"id": ""},
        [("input.id", "The string is empty. Give 1 character or more.")],
    ),
    (
        UPSERT,
        {"id": "x" * 129, "callId": "x" * 1_025, "clientContext": "x" * 257},
        [
            ("input.callId", "The string has 1,025 characters. Give 1,024 at most."),
            ("input.clientContext", "The string has 257 characters. Give 256 at most."),
            ("input.id", "The string has 129 characters. Give 128 at most."),
        ],
    ),
    (
        CREATE,
        {"idempotencyKey": "", "resultInfo": {"code": 1, "subcode": 2, "message": "x" * 1_025}},
        [
            ("input.resultInfo.message", "The string has 1,025 characters. Give 1,024 at most."),
            ("input.idempotencyKey", "The string is empty. Give 1 character or more."),
        ],
    ),
    (
        CREATE,
        {"participants": [{"identity": {}}] * 201},
        [("input.participants", "The list has 201 items. Give 200 at most.")],
    ),
    (
        CREATE,
        {"participants": [{"identity": {"user": {"id": "a\0", "displayName": "\udfff"}}}]},
        [
            (
                "input.participants.0.identity.user.id",
                "The string has the character U+0000, which cannot be stored. Leave it out.",
            ),
            (
                "input.participants.0.identity.user.displayName",
                "The string has half of a surrogate pair, which is not Unicode. Leave it out.",
            ),
        ],
    ),
    (
        CREATE,
        {"additionalProperties": [1]},
        [("input.additionalProperties", "Expected a JSON object, but a list was given.")],
    ),
    (
        CREATE,
        {"additionalProperties": {"status": 1}},
        [
            (
                "input.additionalProperties",
                (
                    "The property 'status' is a field of this type. Give it as that, beside "
                    "'additionalProperties'."
                ),
            )
        ],
    ),
    (
        CREATE,
        {"additionalProperties": {"a": "x" * 16_384}},
        [("input.additionalProperties", "The JSON is larger than 16,384 bytes. Give less.")],
    ),
    (
        UPDATE,
        {"id": "a", "status": None, "participants": None},
        [("input.status", NO_NULL), ("input.participants", NO_NULL)],
    ),
    (
        UPDATE,
        {"id": "nowhere"},
        [("input.id", 'No operation has the id "nowhere". It may have been deleted.')],
    ),
    (
        DELETE,
        {"id": "\ud800"},
        [("input.id", r'No operation has the id "\ud800". It may have been deleted.')],
    ),
]


@pytest.mark.parametrize(
    ("mutation", "given_", "expected"),
    INPUTS,
    ids=[", ".join(path for path, _ in expected) for *_, expected in INPUTS],
)
def test_invalid_input_is_an_error_in_data(
    gateways: Gateways, mutation: str, given_: JSONObject, expected: list[tuple[str, str]]
) -> None:
    (payload,) = gateways.ask(mutation, {"input": given_})["data"].values()

    assert [(".".join(one["path"]), one["message"]) for one in payload["errors"]] == expected


QUERY = {"query": "{ __typename }"}
ENVELOPES: list[tuple[bytes, int, str]] = [
    (
        b"{",
        400,
        (
            "The body is not valid JSON: Expecting property name enclosed in double quotes "
            "(line 1, column 2)."
        ),
    ),
    (b"\xff", 400, "The body is not UTF-8. Send it in UTF-8."),
    (b"null", 400, "The body is not a JSON object. Send one with a 'query'."),
    (b'"{ a }"', 400, "The body is not a JSON object. Send one with a 'query'."),
    (b"{}", 400, "The parameter 'query' is missing. Give the GraphQL document there."),
    (b'{"query": null}', 400, "The parameter 'query' is missing. Give the GraphQL document there."),
    (b'{"query": true}', 400, "The parameter 'query' is true. Give a string."),
    (b'{"query": {"a": null}}', 400, "The parameter 'query' is an object. Give a string."),
    (
        json.dumps(QUERY | {"variables": [None]}).encode(),
        400,
        "The parameter 'variables' is a list. Give an object.",
    ),
    (
        json.dumps(QUERY | {"variables": "{}"}).encode(),
        400,
        "The parameter 'variables' is \"{}\". Give an object.",
    ),
    (
        json.dumps(QUERY | {"extensions": False}).encode(),
        400,
        "The parameter 'extensions' is false. Give an object.",
    ),
    (
        json.dumps(QUERY | {"operationName": 1.5}).encode(),
        400,
        "The parameter 'operationName' is 1.5. Give a string.",
    ),
    (
        json.dumps(QUERY | {"operationName": "it's"}).encode(),
        400,
        "The document has no operation named \"it's\". Give 'operationName' as in the document.",
    ),
    (
        b'{"query": "query A { __typename } query B { __typename }"}',
        400,
        "The document does not have exactly one operation. Give 'operationName'.",
    ),
    (
        json.dumps(QUERY | {"documentId": {}}).encode(),
        400,
        "The parameter 'documentId' is an object. Give a string.",
    ),
    (
        b'{"documentId": "a", "doc_id": "b"}',
        400,
        "Both 'documentId' and 'doc_id' name a document. Give one of them.",
    ),
    (
        b'{"documentId": "a"}',
        400,
        (
            "No document with the id \"a\" is known. Send the document as 'query', or have it "
            "added to a manifest."
        ),
    ),
    (
        json.dumps(QUERY | {"extensions": {"persistedQuery": [None]}}).encode(),
        400,
        (
            "extensions.persistedQuery is not valid. Give an object with 'version' 1 and, as "
            "'sha256Hash', the SHA-256 hash of the document."
        ),
    ),
    (
        json.dumps(QUERY | {"documentId": "sha256:b"}).encode(),
        400,
        (
            'The id "sha256:b" is neither in a manifest nor the SHA-256 hash of the document given '
            "with it. Send the document or the id alone."
        ),
    ),
    (
        b'{"query": "{ __typename }", "variables": {"n": %s}}' % (b"9" * 5_000),
        400,
        "The body has a number of more than 4,300 digits. Give fewer digits.",
    ),
    (
        b'{"query": "{ __typename }", "variables": %s%s}' % (b'{"a":' * 201, b"1" + b"}" * 201),
        400,
        "The body is nested 202 levels deep. Nest it less. The limit is 200.",
    ),
    (
        b'{"query": "subscription { changes { cursor } }"}',
        400,
        (
            "A subscription has many answers. Send it by itself, with Accept: text/event-stream or "
            "multipart/mixed;subscriptionSpec=1.0, or over WebSocket by the graphql-transport-ws "
            "protocol."
        ),
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "message"), ENVELOPES, ids=[repr(body[:60]) for body, *_ in ENVELOPES]
)
def test_invalid_envelope_is_refused_with_the_way_out(
    gateways: Gateways, body: bytes, status: int, message: str
) -> None:
    answered, answer = gateways.answer(body)

    assert (answered, [error["message"] for error in answer["errors"]]) == (status, [message])
    assert_well_formed(answer)


REQUESTS: list[tuple[str, str, dict[str, str], int, str]] = [
    ("GET", "?query=", {}, 400, "Syntax Error: Unexpected the end of the document."),
    (
        "GET",
        "?query={a}&query={b}",
        {},
        400,
        "The parameter 'query' is given more than once. Give it once.",
    ),
    ("GET", "?query={a}&variables=1", {}, 400, "The parameter 'variables' is 1. Give an object."),
    (
        "GET",
        "?query={a}&extensions={",
        {},
        400,
        (
            "The parameter 'extensions' is not valid JSON: Expecting property name enclosed in "
            "double quotes (line 1, column 2)."
        ),
    ),
    (
        "GET",
        "?query=mutation{a:__typename}",
        {},
        405,
        "Only queries are answered by GET. Send a mutation by POST.",
    ),
    (
        "GET",
        "?query={__typename}",
        {"Accept": "image/png"},
        406,
        (
            "The Accept header names no media type that is supported. Accept "
            "application/graphql-response+json, application/json or text/event-stream."
        ),
    ),
    (
        "PATCH",
        "",
        {},
        405,
        "The method PATCH is not allowed here. Use one of: GET, POST, PUT, DELETE, OPTIONS.",
    ),
    (
        "POST",
        "",
        {"Content_Type": "text/html"},
        415,
        'The Content-Type is "text/html". Send JSON in UTF-8, with Content-Type: application/json.',
    ),
    (
        "POST",
        "",
        {"Content_Encoding": "gzip"},
        415,
        "The body has a Content-Encoding, which is not supported. Send it without.",
    ),
    ("GET", "/nowhere", {}, 404, 'There is nothing at "/graphql/nowhere". GraphQL is at /graphql.'),
    (
        "GET",
        "",
        {"Expect": "the best"},
        417,
        'The Expect header is "the best". Only 100-continue is supported.',
    ),
    (
        "GET",
        "?query={__typename}",
        {"Host": "example.com"},
        421,
        (
            'The Host "example.com" is not a name of this gateway. Use one that is, or add this '
            "one to the setting allowed-hosts."
        ),
    ),
    (
        "GET",
        "?query={__typename}",
        {"Sec_Fetch_Site": "cross-site", "Origin": "https://example.com"},
        403,
        'The origin "https://example.com" is not allowed. Add it to the setting cors-origins.',
    ),
]


@pytest.mark.parametrize("case", REQUESTS, ids=[str(case[:3]) for case in REQUESTS])
def test_invalid_http_request_is_refused_with_the_way_out(
    gateways: Gateways, case: tuple[str, str, dict[str, str], int, str]
) -> None:
    method, path, headers, status, message = case
    body = b"{}" if method == "POST" else None
    target = f"/graphql{quote(path, safe='?=&/:')}"
    answered, answer = gateways.answer(body, target, method, **headers)

    assert (answered, [error["message"] for error in answer["errors"]]) == (status, [message])
    assert_plain(message)


_few = st.none() | st.integers(-1, 501)
_texts = st.none() | st.just("kgEC")
VALID = st.one_of(
    st.tuples(
        st.just(LIST),
        st.fixed_dictionaries(
            {"filter": filters, "orderBy": orders},
            optional={"first": _few, "after": _texts, "last": _few, "before": _texts},
        ),
    ),
    st.tuples(st.just(CHANGES), st.fixed_dictionaries({"filter": filters, "first": _few})),
    st.tuples(st.just(GROUPS), st.fixed_dictionaries({"by": group_keys})),
    st.tuples(st.just(GET_MANY), st.fixed_dictionaries({"ids": st.lists(ids, max_size=3)})),
    st.tuples(st.just(INCLUDE), st.fixed_dictionaries({"if": st.booleans()})),
    st.tuples(
        st.sampled_from([CREATE, UPSERT, UPDATE, DELETE]),
        st.fixed_dictionaries({"input": inputs}),
    ),
    st.tuples(
        st.just(CREATE_MANY),
        st.fixed_dictionaries({"inputs": st.lists(inputs, max_size=3), "atomic": st.booleans()}),
    ),
)
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, 2**31, -(2**63), 2**64, 10**120, 1e300),
        *("", "a", "null", "\0", "\ud800", "x" * 1_025, "2026-01-31T09:30:00", "it's", '"<'),
        *([], [None], [[]], ["a", None, 1], {}, {"": None}, {"None": True}, {"eq": None}),
    ]
).map(deepcopy)  # one may be within another


def paths_within(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the paths of all values within a JSON value."""
    match value:
        case dict():
            steps: Any = value.items()
        case list():
            steps = enumerate(value)
        case _:
            return
    for step, inner in steps:
        yield (*path, step)
        yield from paths_within(inner, (*path, step))


@st.composite
def malformed(draw: Draw) -> tuple[str, JSONObject]:
    """Draw a request with values of wrong types, or under wrong names."""
    query, valid = draw(VALID)
    variables: Any = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        *outer, last = draw(st.sampled_from([*paths_within(variables)] or [("filter",)]))
        within = variables
        for step in outer:
            within = within[step]
        match draw(st.sampled_from(["replace"] * 4 + ["add", "rename"])):
            case "add" if isinstance(within, dict):
                within[draw(st.sampled_from(["", "ids", "None", "dict", "it's"]))] = draw(WRONG)
            case "rename" if isinstance(within, dict):
                within[f"{last}s"] = within.pop(last, None)
            case _:
                within[last] = draw(WRONG)
    return query, variables


def messages_of(answer: JSONObject) -> Iterator[str]:
    """Return all messages of a response: of its errors, and of its mutations' failures."""
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
        yield error["message"]
        for one in error["extensions"].get("validationErrors", ()):
            yield one["message"]
    for payload in (answer.get("data") or {}).values():
        if not isinstance(payload, dict):
            continue
        for result in payload.get("results", [payload]):
            for failure in result.get("errors", ()):
                assert failure["code"]
                yield failure["message"]


@settings(RANDOM, max_examples=1_000 * LONGER)
@given(malformed())
def test_malformed_values_have_plain_messages(
    gateways: Gateways, request_: tuple[str, JSONObject]
) -> None:
    query, variables = request_
    body = json.dumps({"query": query, "variables": variables}).encode()
    _, answer = gateways.answer(body)

    assert_well_formed(answer)
    for message in messages_of(answer):
        assert_plain(message)
