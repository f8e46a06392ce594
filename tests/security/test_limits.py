"""Limits on documents: what exceeds one is refused before execution."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from graphql import GraphQLError, parse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.gateways import Client, running
from support.random_tests import RANDOM
from support.sockets import connected

from gateway.documents.bounds import DocumentBounds
from gateway.documents.parsing import Documents, InvalidDocumentError
from gateway.documents.text_bounds import count
from schema import build_schema
from schema.errors import ErrorCode

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
TYPED = {"Content-Type": JSON}
DOCUMENTS = Documents(build_schema(), DocumentBounds())
ONE = 'inviteParticipantsOperation(id: "1")'
OPERATION = "InviteParticipantsOperation"


def many(count: int, text: str) -> str:
    return " ".join(text.replace("#", str(number)) for number in range(count))


def chain(count: int, spreads: str, last: str) -> str:
    """Return fragments, each of which spreads the next one ``spreads`` times."""
    linked = [
        f"fragment f{number} on {OPERATION} {{ {spreads.replace('next', f'f{number + 1}')} }}"
        for number in range(count)
    ]
    return " ".join([*linked, f"fragment f{count} on {OPERATION} {{ {last} }}"])


BEYOND: dict[str, tuple[str, str, int, int]] = {
    "long text": (f'{{ node(id: "{"x" * 40_000}") {{ id }} }}', "length", 32_768, 40_023),
    "blanks": (" " * 40_000 + "{ __typename }", "length", 32_768, 40_014),
    "tokens": ("{ " + "id " * 2_000 + "}", "tokens", 2_000, 2_002),
    "characters that are no tokens": ("\0" * 3_000, "tokens", 2_000, 3_000),
    "comments": ("#\n" * 501 + "{ __typename }", "comments", 500, 501),
    "brackets": ("{ a(b: " + "[" * 70 + "]" * 70 + ") }", "nesting", 64, 72),
    "nested types": ("query ($a: " + "[" * 70 + "Int" + "]" * 70 + ") { a }", "nesting", 64, 71),
    "brackets never closed": ("{" * 1_999, "nesting", 64, 1_999),
    "depth": ("{ a" * 17 + " }" * 17, "depth", 16, 17),
    "depth in fragments": (
        f"{{ {ONE} {{ ...f0 }} }}" + chain(5, "history { nodes { operation { ...next } } }", "id"),
        "depth",
        16,
        17,
    ),
    "root fields": (f"{{ {many(31, 'a#: __typename')} }}", "rootFields", 30, 31),
    "root fields in a fragment": (
        f"{{ ...f ...f }} fragment f on Query {{ {many(16, 'a#: __typename')} }}",
        "rootFields",
        30,
        32,
    ),
    "aliases": (f"{{ {ONE} {{ {many(101, 'a#: id')} }} }}", "aliases", 100, 101),
    "operations": (many(51, "query q# { __typename }"), "operations", 50, 51),
    "fragments": (
        f"{{ __typename }} {many(101, 'fragment f# on Query { __typename }')}",
        "fragments",
        100,
        101,
    ),
    "variables": (f"query ({many(101, '$a#: Int')}) {{ __typename }}", "variables", 100, 101),
    "directives": ("{ __typename " + "@a " * 101 + "}", "directives", 100, 101),
    "directives on variables": (f"query ($a: Int {'@a ' * 101}) {{ a }}", "directives", 100, 101),
    "fragments in fragments": (
        f"{{ {ONE} {{ ...f0 }} }} {chain(24, '...next ...next', 'id')}",
        "selections",
        2_000,
        2**24 + 2 * (2**24 - 1) + 2,
    ),
    "fragments without end": (
        f"{{ {ONE} {{ ...f0 }} }} {chain(70, '...next ...next', 'id')}",
        "selections",
        2_000,
        2**53 - 1,
    ),
    "empty fragments": (
        f"{{ {ONE} {{ ...f0 }} }} {chain(24, '...next ...next', '')}",
        "selections",
        2_000,
        2 * (2**24 - 1) + 2,
    ),
    "selections of all operations": (
        many(50, f"query q# {{ {ONE} {{ ...f0 }} }}") + chain(40, "...next", "id"),
        "selections",
        2_000,
        50 * 43,
    ),
    "fields that may clash": (f"{{ {ONE} {{ {'id ' * 1_000} }} }}", "comparisons", 10_000, 10_001),
}


@pytest.mark.parametrize(
    ("query", "limit", "value", "requested"), BEYOND.values(), ids=BEYOND.keys()
)
async def test_document_beyond_a_limit_is_refused_with_its_name(
    shared: Client, query: str, limit: str, value: int, requested: int
) -> None:
    expected = {
        "code": "LIMIT_EXCEEDED",
        "limit": limit,
        "value": value,
        "requested": requested,
    }
    for media_type in (JSON, RESPONSE):
        status, answer = await posted(shared, {"query": query}, media_type)

        assert (status, list(answer)) == (400, ["errors"])
        (error,) = answer["errors"]
        assert error["extensions"] == expected
        assert f"{value:,}" in error["message"]


async def posted(client: Client, body: Any, media_type: str = JSON) -> tuple[int, Any]:  # noqa: ANN401
    headers = {"Accept": media_type}
    async with client.session.post(f"{client.url}/graphql", json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


WITHIN: dict[str, str] = {
    "text": f'{{ node(id: "{"x" * 32_000}") {{ id }} }}',
    "tokens": "{ inviteParticipantsOperations(filter: { id: { in: ["
    + "1 " * 1_980
    + "] } }) { totalCount } }",
    "tokens in texts": f'{{ node(id: "{"{ a } " * 1_000}") {{ id }} }}',
    "tokens in block texts": '{ node(id: """' + '{ "a" } ' * 1_000 + '""") { id } }',
    "tokens in comments": f"# {'{ a } ' * 1_000}\n{{ __typename }}",
    "depth": "{ node(id: 1) { ...f } } fragment f on InviteParticipantsOperation { "
    + "history(first: 1) { nodes { operation { " * 4
    + "history(first: 1) { nodes { kind } }"
    + " } } }" * 4
    + " }",
    "root fields": f"{{ {many(30, 'a#: __typename')} }}",
    "aliases": f"{{ {ONE} {{ {many(100, 'a#: id')} }} }}",
    "fields of a fragment": (
        f"{{ {ONE} {{ ...f }} }} fragment f on {OPERATION} {{ {many(31, 'a#: id')} }}"
    ),
    "fragments in one place": (
        f"{{ {ONE} {{ {many(15, '...f#')} }} }}"
        + many(15, f"fragment f# on {OPERATION} {{ id status resultInfo {{ code }} version }}")
    ),
    "fragment chain": f"{{ {ONE} {{ ...f0 }} }} {chain(60, 'id ...next', 'id')}",
}


@pytest.mark.parametrize("query", WITHIN.values(), ids=WITHIN.keys())
async def test_document_within_the_limits_is_answered(shared: Client, query: str) -> None:
    assert "errors" not in await shared.answer(query)


async def test_depth_is_a_setting(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running(tmp_path, "--max-depth", "2") as gateway:
        client = Client(http, gateway.url)
        _, deep = await posted(client, {"query": "{ node(id: 1) { history { nodes { at } } } }"})

        assert "errors" not in await client.answer("{ node(id: 1) { id } }")

    assert deep["errors"][0]["extensions"]["limit"] == "depth"


@pytest.mark.parametrize(
    "fragments",
    [
        f"fragment f0 on {OPERATION} {{ ...f0 }}",
        f"fragment f0 on {OPERATION} {{ ...f1 ...f1 }} fragment f1 on {OPERATION} {{ ...f0 id }}",
        chain(90, "...next", "...f0"),
        many(4, f"fragment f# on {OPERATION} {{ {many(4, '...f#')} }}"),
    ],
    ids=["itself", "each other", "long", "all"],
)
async def test_fragments_in_a_circle_are_invalid(shared: Client, fragments: str) -> None:
    answer = await shared.answer(f"{{ {ONE} {{ ...f0 }} }} {fragments}")

    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "within itself" in answer["errors"][0]["message"]


async def test_only_the_first_errors_are_returned(shared: Client) -> None:
    answer = await shared.answer(f"{{ {ONE} {{ {many(500, 'unknown#')} }} }}")

    *first, last = [error["message"] for error in answer["errors"]]
    assert len(first) == 5
    assert last == "There are more errors than these 5. Correct them first."


async def test_few_errors_have_suggestions(shared: Client) -> None:
    answer = await shared.answer(f"{{ {ONE} {{ versoin }} }}")

    assert "Did you mean 'version'?" in answer["errors"][0]["message"]


async def test_error_repeats_no_long_document(shared: Client) -> None:
    answer = await shared.answer(f"{{ {'a' * 30_000} }}")

    assert len(json.dumps(answer)) < 1_000


JSON_BEYOND = {
    "depth": (b"[" * 201 + b"]" * 201, "jsonDepth", 200, 203),
    "depth in the middle": (b"[" + b"[]," * 300 + b"[" * 250 + b"]" * 251, "jsonDepth", 200, 253),
    "lists": (b"[" + b"[]," * 120_000 + b"1]", "jsonValues", 60_000, 120_007),
    "texts": (b"[" + b"[]," * 201 + b'"",' * 120_000 + b"1]", "jsonValues", 60_000, 120_208),
    "numbers": (b"[" + b"1," * 120_000 + b"1]", "jsonValues", 60_000, 120_001),
}


@pytest.mark.parametrize(
    ("value", "limit", "most", "requested"), JSON_BEYOND.values(), ids=JSON_BEYOND.keys()
)
async def test_json_beyond_a_limit_is_refused_with_its_name(
    shared: Client, value: bytes, limit: str, most: int, requested: int
) -> None:
    body = b'{"query": "{ __typename }", "variables": {"a": %b}}' % value
    async with shared.session.post(f"{shared.url}/graphql", data=body, headers=TYPED) as response:
        (error,) = (await response.json())["errors"]

    assert response.status == 400
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": limit,
        "value": most,
        "requested": requested,
    }


async def test_body_beyond_the_limit_is_refused_with_the_limit(shared: Client) -> None:
    body = BytesIO(json.dumps({"query": "{ __typename }"}).encode().ljust(1_100_000))
    async with shared.session.post(f"{shared.url}/graphql", data=body, headers=TYPED) as response:
        (error,) = (await response.json())["errors"]

    assert response.status == 413
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "bytes",
        "value": 1_048_576,
        "requested": 1_100_000,
    }


async def test_limits_hold_over_websocket_and_server_sent_events(shared: Client) -> None:
    query, limit, *_ = BEYOND["fragments in fragments"]
    async with connected(shared.session, shared.url) as socket:
        await socket.subscribe(query, "deep")
        message = await socket.message()
    headers = {"Accept": "text/event-stream"}
    async with shared.session.post(
        f"{shared.url}/graphql", json={"query": query}, headers=headers
    ) as response:
        event, data, *_ = (await response.text()).splitlines()

    assert (message["type"], message["id"]) == ("error", "deep")
    assert message["payload"][0]["extensions"]["limit"] == limit
    assert event == "event: next"
    assert json.loads(data.partition(": ")[2])["errors"] == message["payload"]


_pieces = st.sampled_from(
    ['"', '"""', "\\", "#", "\n", "{", "}", "[", "]", "(", ")", "...", ".", "-", "1", "1.5e3", "e",
     "a", "_b", "é", ",", " ", "\ufeff", "$", "@", "!", "\r", "\\u0041", "0", "…", "\0"]
)  # fmt: skip


@settings(RANDOM, max_examples=300)
@given(st.lists(_pieces, max_size=40).map("".join) | st.text(max_size=60))
@example('"""a\\"""b""" c')
@example("1-1")
@example('""""""""')
def test_tokens_are_counted_as_the_parser_counts_them(text: str) -> None:
    tokens, *_ = count(text)
    seen = ""
    try:
        parse(text, max_lexical_tokens=tokens)
    except GraphQLError as error:
        seen = error.message

    assert "tokens" not in seen


_shapes = st.sampled_from(
    ["{", "}", "...f", "...", "fragment f on Query", "query q", "a:", "node(id: 1)", "id", "@a",
     "@skip(if: true)", "($v: Int)", "[[1]]", "mutation", "__typename", "on Node", "subscription"]
)  # fmt: skip


@settings(RANDOM, max_examples=300)
@given(st.lists(_shapes, max_size=60).map(" ".join))
def test_any_document_is_valid_or_refused(text: str) -> None:
    assert refusal(text) in {
        None,
        ErrorCode.LIMIT_EXCEEDED,
        ErrorCode.GRAPHQL_PARSE_FAILED,
        ErrorCode.GRAPHQL_VALIDATION_FAILED,
    }


def refusal(text: str) -> ErrorCode | None:
    try:
        DOCUMENTS.load(text)
    except InvalidDocumentError as invalid:
        return invalid.code
    return None
