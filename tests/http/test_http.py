"""GraphQL over HTTP, beyond the official audits: requests, responses and their limits."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.documents import COUNT, CREATE
from support.gateways import Client, running
from support.leaks import PYTHON

from schema import build_schema

Json = Any

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
QUERY = {"query": "{ __typename }"}
TYPED = {"Content-Type": JSON}


async def send(
    client: Client,
    method: str = "POST",
    path: str = "/graphql",
    **request: Any,  # noqa: ANN401  aiohttp's
) -> Json:
    """Send a request; return the status, headers and body of the response."""
    async with client.session.request(method, f"{client.url}{path}", **request) as response:
        text = await response.text()
        assert response.status != 500, text
        assert not PYTHON.search(text), text
        assert "INTERNAL_SERVER_ERROR" not in text, text
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        return response.status, response.headers, text


async def refused(
    client: Client,
    method: str = "POST",
    path: str = "/graphql",
    **request: Any,  # noqa: ANN401  aiohttp's
) -> Json:
    """Send a request that is refused; return the status, headers and error code."""
    status, headers, text = await send(client, method, path, **request)
    body = json.loads(text)
    assert list(body) == ["errors"]
    assert headers["Content-Type"].partition(";")[0] in {JSON, RESPONSE}
    assert all(error["message"] for error in body["errors"])
    (code,) = {error["extensions"]["code"] for error in body["errors"]}
    return status, headers, code


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE.upper()} ; charset=utf-8", RESPONSE),
        (f"{RESPONSE}, {JSON}", RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f"{JSON}, {RESPONSE};q=0.9", JSON),
        (f"{RESPONSE};q=0.5, */*", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{RESPONSE}, */*", RESPONSE),
        (f'multipart/mixed;boundary="a,b;q=0";q=0.5, {RESPONSE}', RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON};q=0.1, {RESPONSE};q=0.2", RESPONSE),
        (f"*/*;q=0.5, {JSON};q=0", RESPONSE),
        (f"{RESPONSE};q=0, application/*", JSON),
        (f"text/html, {RESPONSE};q=0.1", RESPONSE),
        (f"{JSON};q=nan, {RESPONSE}", RESPONSE),
        (f"{JSON};q=x, {RESPONSE};q=0.001", RESPONSE),
        (f",;,{RESPONSE},", RESPONSE),
        ("application/xml", None),
        ("text/html", None),
        (f"{JSON};q=0", None),
        ("*/*;q=0", None),
        ("garbage", None),
    ],
)
async def test_post_responds_in_the_preferred_media_type(
    shared: Client, accept: str | None, media_type: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    skip = {"Accept"} if accept is None else set()
    status, sent, text = await send(shared, json=QUERY, headers=headers, skip_auto_headers=skip)

    if media_type is None:
        assert (status, json.loads(text)["errors"][0]["extensions"]["code"]) == (
            406,
            "BAD_USER_INPUT",
        )
    else:
        assert (status, json.loads(text)) == (200, {"data": {"__typename": "Query"}})
        assert sent["Content-Type"] == f"{media_type}; charset=utf-8"


async def test_accept_in_several_headers_is_read_as_one(shared: Client) -> None:
    headers = [("Accept", "text/csv"), ("Accept", RESPONSE)]
    status, sent, _ = await send(shared, json=QUERY, headers=headers)

    assert (status, sent["Content-Type"]) == (200, f"{RESPONSE}; charset=utf-8")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "\ud800"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": '{ node(id: "\ud800") { id } }'}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({**QUERY, "operationName": "B"}, "GRAPHQL_VALIDATION_FAILED"),
        ({**QUERY, "operationName": "\ud800"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { changes }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($i: ID!) { node(id: $i) { id } }"}, "BAD_USER_INPUT"),
        *[
            (
                {"query": f"query ($v: {kind}) {{ {field} }}", "variables": {"v": value}},
                "BAD_USER_INPUT",
            )
            for kind, field, value in [
                ("ID!", "node(id: $v) { id }", None),
                ("ID!", "node(id: $v) { id }", 1.5),
                ("ID!", "node(id: $v) { id }", {}),
                ("[ID!]!", "nodes(ids: $v) { id }", ["a", None]),
                ("Int", "l: inviteParticipantsOperations(first: $v) { totalCount }", "x"),
                ("Int", "l: inviteParticipantsOperations(first: $v) { totalCount }", 2**31),
                ("Int", "l: inviteParticipantsOperations(first: $v) { totalCount }", 10**4000),
                ("Boolean! = true", "__typename @skip(if: $v)", None),
                *[
                    (
                        kind,
                        f"l: inviteParticipantsOperations(filter: {where}) {{ totalCount }}",
                        value,
                    )
                    for kind, where, value in [
                        ("OperationStatus!", "{ status: { eq: $v } }", "\ud800"),
                        ("DateTime!", "{ createdAt: { gt: $v } }", "yesterday"),
                        ("DateTime!", "{ createdAt: { gt: $v } }", {"a": [1]}),
                        ("InviteParticipantsOperationFilter", "$v", {"unknown": 1}),
                    ]
                ],
            ]
        ],
    ],
    ids=lambda value: ascii(value)[:90],
)
async def test_request_error_has_a_code_and_no_data(shared: Client, body: Json, code: str) -> None:
    plain, strict = [
        await refused(shared, json=body, headers={"Accept": a}) for a in (JSON, RESPONSE)
    ]

    assert (plain[0], plain[2]) == (200, code)
    assert (strict[0], strict[2]) == (400, code)


@pytest.mark.parametrize(
    "query",
    [
        (
            "mutation ($a: Boolean = true) {"
            " createInviteParticipantsOperations(inputs: [], atomic: $a)"
            "{ createdCount } }"
        ),
        (
            "query ($a: Int = 1) { inviteParticipantsOperations(filter: { version: { eq: $a } })"
            "{ totalCount } }"
        ),
    ],
)
async def test_null_variable_where_null_is_wrong_is_a_field_error(
    shared: Client, query: str
) -> None:
    body = {"query": query, "variables": {"a": None}}
    for accept in (JSON, RESPONSE):
        status, _, text = await send(shared, json=body, headers={"Accept": accept})

        answer = json.loads(text)
        assert (status, answer["data"]) == (200, None)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("literal", ["9" * 5000, "-" + "9" * 5000, "9" * 400 + ".0", "1e400"])
async def test_number_in_the_document_that_is_too_large_is_invalid(
    shared: Client, literal: str
) -> None:
    query = f"{{ inviteParticipantsOperations(first: {literal}) {{ totalCount }} }}"

    assert (await refused(shared, json={"query": query}))[2] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("literal", "kept"), [("[1, $x, 2]", [1, None, 2]), ("{ a: $x, b: 1 }", {"b": 1})]
)
async def test_json_in_the_document_takes_variables_that_are_not_given(
    shared: Client, literal: str, kept: Json
) -> None:
    query = f"""mutation ($x: JSON) {{ create: createInviteParticipantsOperation(input: {{
        additionalProperties: {{ y: {literal} }}
      }}) {{ operation {{ additionalProperties }} }} }}"""
    _, _, text = await send(shared, json={"query": query})

    assert json.loads(text)["data"]["create"]["operation"]["additionalProperties"] == {"y": kept}


async def test_brackets_in_a_text_are_no_nesting(shared: Client) -> None:
    input_ = {"resultInfo": {"code": 0, "subcode": 0, "message": "[{" * 500}}
    query = """mutation ($i: CreateInviteParticipantsOperationInput!) {
        createInviteParticipantsOperation(input: $i) { errors { code } } }"""
    status, _, text = await send(shared, json={"query": query, "variables": {"i": input_}})

    assert (status, "LIMIT_EXCEEDED" in text) == (200, False)


@pytest.mark.parametrize("levels", [90, 150, 199, 300, 10_000])
async def test_document_too_deep_is_refused(shared: Client, levels: int) -> None:
    query = "{a" * levels + "}" * levels
    _, _, code = await refused(shared, json={"query": query})

    assert code == "LIMIT_EXCEEDED"


BRANCH = "{a" * 90 + "}" * 90


@pytest.mark.parametrize(
    "query",
    [
        f"{{ a {BRANCH} a {BRANCH} }}",
        "{ node(id: " + "[" * 180 + "]" * 180 + ") { id } }",
        "query ($v: " + "[" * 190 + "Int" + "]" * 190 + ") { __typename }",
        "{ ...F0 }" + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(220)),
        "{ ...F0 }" + "".join(f"fragment F{n} on Query {{ a ...F{n + 1} }}" for n in range(200)),
        "{ ...F0 ...F0 }"
        + "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)),
        "{ " + "...on Query { " * 150 + "__typename" + " }" * 150 + " }",
        "{ l: inviteParticipantsOperations(filter: "
        + "{ not: " * 90
        + "{}"
        + " }" * 90
        + ") { totalCount } }",
    ],
    ids=lambda value: value[:40],
)
async def test_deep_or_tangled_document_is_refused_quickly(shared: Client, query: str) -> None:
    timeout = aiohttp.ClientTimeout(total=5)

    assert (await refused(shared, json={"query": query}, timeout=timeout))[::2] == (
        400,
        "LIMIT_EXCEEDED",
    )


async def test_get_runs_a_query_with_variables(shared: Client) -> None:
    params = {
        "query": "query A($i: [ID!]!) { nodes(ids: $i) { id } } query B { __typename }",
        "operationName": "A",
        "variables": json.dumps({"i": ["é+&%"]}),
        "extensions": "{}",
        "other": "ignored",
    }

    assert (await send(shared, "GET", params=params))[2] == '{"data":{"nodes":[null]}}'


@pytest.mark.parametrize(
    "params",
    [
        "variables={}",
        "query={__typename}&query={__typename}",
        "query={__typename}&variables={}&variables={}",
        "query={__typename}&variables=[]",
        "query={__typename}&variables=x",
        "query={__typename}&variables=NaN",
        "query={__typename}&variables=%FF",
        "query={__typename}&variables=" + "9" * 5000,
        "query={__typename}&variables=" + "[" * 1000,
        "query={__typename}&extensions=1",
    ],
    ids=lambda value: value[:50],
)
async def test_get_with_wrong_parameters_is_refused(shared: Client, params: str) -> None:
    assert (await refused(shared, "GET", f"/graphql?{params}"))[0] == 400


async def test_get_of_a_mutation_is_refused_and_does_nothing(shared: Client) -> None:
    before = await shared.data(COUNT)
    status, headers, _ = await refused(shared, "GET", params={"query": CREATE})

    assert (status, headers["Allow"]) == (405, "POST")
    assert await shared.data(COUNT) == before


@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "TRACE"])
async def test_other_methods_are_refused(shared: Client, method: str) -> None:
    status, headers, _ = await refused(shared, method, json=QUERY)

    assert (status, headers["Allow"]) == (405, "GET, POST, PUT, DELETE, OPTIONS")
    assert (await refused(shared, method, "/health/live"))[1]["Allow"] == "GET, HEAD"


async def test_options_lists_the_methods(shared: Client) -> None:
    status, headers, text = await send(shared, "OPTIONS")

    assert (status, headers["Allow"], text) == (204, "GET, POST, PUT, DELETE, OPTIONS", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json; charset*=utf-16''x"},
        {"Content-Type": "garbage"},
        {**TYPED, "Content-Encoding": "gzip"},
        {**TYPED, "Content-Encoding": "br, identity"},
    ],
    ids=str,
)
async def test_post_of_anything_but_plain_json_is_unsupported(
    shared: Client, headers: dict[str, str]
) -> None:
    skip = set() if "Content-Type" in headers else {"Content-Type"}
    data = json.dumps(QUERY).encode()

    assert (await refused(shared, data=data, headers=headers, skip_auto_headers=skip))[0] == 415


@pytest.mark.parametrize(
    "content_type",
    ["APPLICATION/JSON", 'application/json; charset="UTF-8"', "application/json;x=y;charset=utf8"],
)
async def test_post_of_json_by_other_content_types_is_accepted(
    shared: Client, content_type: str
) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": "identity"}

    assert (await send(shared, data=json.dumps(QUERY), headers=headers))[0] == 200


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\xff",
        b'{"query": "\xff"}',
        b"\xef\xbb\xbf",
        json.dumps(QUERY).encode("utf-16-le"),
        json.dumps(QUERY).encode("utf-32"),
        b"{",
        b'{"query": "{ __typename }"',
        b'{"query": "{ __typename }"} x',
        b"null",
        b"true",
        b"1",
        b'"{ __typename }"',
        b"[]",
        b'[["{ __typename }"]]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": -Infinity}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800", "b": ' + b"9" * 5000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": 01}}',
        b'{"query": "{ __typename }", "variables": {"\\u00": 1}}',
        b'{"query": "{ __typename }", "variables": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b"[" * DEEP,
    ],
    ids=lambda body: repr(body)[:60],
)
async def test_post_of_a_body_that_is_no_request_is_refused(shared: Client, body: bytes) -> None:
    for accept in (JSON, RESPONSE):
        assert (await refused(shared, data=body, headers={**TYPED, "Accept": accept}))[0] == 400


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_up_to_the_limit_is_accepted_and_beyond_it_refused(
    tmp_path: Path, http: aiohttp.ClientSession, *, chunked: bool
) -> None:
    async def sent(size: int) -> tuple[int, str]:
        data = json.dumps(QUERY).encode().ljust(size)
        body = slices(data) if chunked else BytesIO(data)
        status, _, text = await send(Client(http, server.url), data=body, headers=TYPED)
        return status, text

    async def slices(data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    with running(tmp_path, "--max-body-bytes", "4096") as server:
        assert (await sent(4096))[0] == 200
        status, text = await sent(4097)
        big, _ = await sent(3_000_000)

    assert (status, big) == (413, 413)
    assert json.loads(text)["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_gzip_bomb_is_refused_unopened(shared: Client) -> None:
    bomb = BytesIO(gzip.compress(b" " * 500_000_000, 9))
    timeout = aiohttp.ClientTimeout(total=1)
    headers = {**TYPED, "Content-Encoding": "gzip"}

    assert (await refused(shared, data=bomb, headers=headers, timeout=timeout))[0] == 415
    assert (await send(shared, json=QUERY, timeout=timeout))[0] == 200


NAMED = "https://app.example.com"
REPEATED = "https://other.example.com"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway for the pages of three origins, and without a playground."""
    named = ("--cors-origins", f"{NAMED}, http://localhost:5173", "--cors-origins", REPEATED)
    options = ("--no-playground", *named)
    with running(tmp_path_factory.mktemp("limited"), *options) as server:
        yield server.url


@pytest.mark.parametrize("origin", [NAMED, "http://localhost:5173", REPEATED])
async def test_page_of_an_allowed_origin_has_access(
    http: aiohttp.ClientSession, limited: str, origin: str
) -> None:
    client = Client(http, limited)
    request_headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    status, preflight, _ = await send(client, "OPTIONS", headers=request_headers)
    _, simple, _ = await send(client, json=QUERY, headers={"Origin": origin})
    _, failed, _ = await refused(client, data=b"", headers={"Origin": origin})

    assert status == 204
    assert "POST" in preflight["Access-Control-Allow-Methods"]
    assert "content-type" in preflight["Access-Control-Allow-Headers"]
    for headers in (preflight, simple, failed):
        assert headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{NAMED}.evil.example", NAMED.upper(), "null", "*", ""]
)
async def test_page_of_another_origin_gets_nothing(
    http: aiohttp.ClientSession, limited: str, origin: str
) -> None:
    client = Client(http, limited)
    request_headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    _, preflight, _ = await send(client, "OPTIONS", headers=request_headers)
    _, simple, _ = await send(client, json=QUERY, headers={"Origin": origin})

    for headers in (preflight, simple):
        assert not [name for name in headers if name.startswith("Access-Control-")]
        assert "Origin" in headers["Vary"]


async def test_no_origin_has_access_by_default(shared: Client) -> None:
    _, headers, _ = await send(shared, json=QUERY, headers={"Origin": NAMED})

    assert not [name for name in headers if name.startswith("Access-Control-")]


async def test_browser_gets_the_playground_where_there_is_one(
    shared: Client, http: aiohttp.ClientSession, limited: str
) -> None:
    page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    status, headers, _ = await send(shared, "GET", headers=page)

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["Vary"]
    assert (await refused(shared, "GET", "/graphql?extensions={}", headers=page))[0] == 400
    assert (await refused(shared, headers={"Accept": "text/html"}, json=QUERY))[0] == 406
    only = {"Accept": "text/html"}
    assert (await refused(Client(http, limited), "GET", headers=only))[0] == 406
    assert (await refused(Client(http, limited), "GET", headers=page))[0] == 400


async def test_schema_is_given_as_sdl(shared: Client) -> None:
    status, headers, text = await send(shared, "GET", "/schema.graphql")

    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert text == build_schema().sdl()


INTROSPECTION = {"query": "{ __schema { types { name description } } }"}


@pytest.mark.parametrize("coding", ["gzip", "br;q=1.0, GZIP;q=0.5", "*"])
async def test_long_response_is_compressed_if_accepted(shared: Client, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    _, plain, text = await send(shared, json=INTROSPECTION, headers={"Accept-Encoding": ""})
    _, packed, same = await send(shared, json=INTROSPECTION, headers=headers)

    assert same == text
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) * 2 < int(plain["Content-Length"])
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("coding", ["identity", "gzip;q=0", "br, zstd", "gzip;q=nonsense"])
async def test_response_is_not_compressed_unless_accepted(shared: Client, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    _, answer_headers, _ = await send(shared, json=INTROSPECTION, headers=headers)

    assert "Content-Encoding" not in answer_headers


async def test_short_answer_is_not_compressed(shared: Client) -> None:
    _, headers, text = await send(shared, json=QUERY, headers={"Accept-Encoding": "gzip"})

    assert json.loads(text) == {"data": {"__typename": "Query"}}
    assert "Content-Encoding" not in headers
    assert "Vary" not in headers


async def test_head_of_a_page_has_its_length_and_no_body(shared: Client) -> None:
    url = f"{shared.url}/schema.graphql"
    async with shared.session.get(url, headers={"Accept-Encoding": ""}) as full:
        length = len(await full.read())
    async with shared.session.head(url, headers={"Accept-Encoding": ""}) as head:
        assert await head.read() == b""

        assert head.headers["Content-Length"] == str(length)


@pytest.mark.parametrize("path", ["/nothing", "/%ff", "/playground/../x", "/graphql//"])
async def test_unknown_path_is_not_found_in_json(shared: Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert (await refused(shared, method, path))[0] == 404


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_is_ok(shared: Client, path: str) -> None:
    assert (await send(shared, "GET", path))[::2] == (200, '{"status":"ok"}')


async def test_every_answer_has_a_request_id_of_its_own(shared: Client) -> None:
    answers = [
        await send(shared, json=QUERY),
        await refused(shared, data=b""),
        await send(shared, "GET"),
    ]

    assert len({headers["X-Request-Id"] for _, headers, _ in answers}) == 3
    assert {headers["Referrer-Policy"] for _, headers, _ in answers} == {"no-referrer"}


async def test_readiness_fails_without_the_database(client: Client, tmp_path: Path) -> None:
    file, away = tmp_path / "operations.db", tmp_path / "away.db"
    for _ in range(4):  # every connection has read before
        await client.create()
        await client.data(COUNT)
    file.rename(away)
    gone = await send(client, "GET", "/health/ready")
    live = await send(client, "GET", "/health/live")
    away.rename(file)

    assert (gone[0], json.loads(gone[2])["status"]) == (503, "unavailable")
    assert live[0] == 200
    assert (await send(client, "GET", "/health/ready"))[0] == 200


async def test_readiness_fails_with_a_corrupt_database(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "operations.db"
    for _ in range(4):  # every connection has read before
        await client.create()
        await client.data(COUNT)
    good = file.read_bytes()
    file.write_bytes(b"garbage!" * (len(good) // 8))
    spoilt = await send(client, "GET", "/health/ready")
    file.write_bytes(good)

    assert (spoilt[0], json.loads(spoilt[2])["status"]) == (503, "unavailable")
    assert (await send(client, "GET", "/health/ready"))[0] == 200


async def test_accept_that_is_very_long_is_refused(shared: Client) -> None:
    headers = [("Accept", "text/csv," * 100)] * 3
    status, _, code = await refused(shared, json=QUERY, headers=headers)

    assert (status, code) == (431, "LIMIT_EXCEEDED")
