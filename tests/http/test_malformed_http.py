"""Malformed and random HTTP: it is refused, or answered, without harm to the server."""

import json
import re
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.gateways import Gateway, running
from support.leaks import PYTHON

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
QUERY = {"query": "{ __typename }"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway for pages of one origin, and without a playground."""
    options = ("--no-playground", "--cors-origins", "https://app.example.com")
    with running(tmp_path_factory.mktemp("limited"), *options) as server:
        yield server.url


def exchange(url: str, data: bytes) -> bytes:
    """Send bytes on a separate connection; return what is received within half a second."""
    address = urlsplit(url)
    received = b""
    with socket.create_connection(
        (str(address.hostname), int(address.port or 0)), 0.5
    ) as connection:
        try:
            connection.sendall(data)
            while chunk := connection.recv(65_536):
                if not received:
                    connection.shutdown(socket.SHUT_WR)
                received += chunk
        except (ConnectionError, TimeoutError):
            pass
    return received


def post(url: str, headers: bytes, body: bytes) -> tuple[int, str, bytes]:
    """Send a POST; return the status, content type and body of the response."""
    address = urlsplit(url)
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 5) as connection:
        connection.sendall(head + headers + b"Connection: close\r\n\r\n" + body)
        with HTTPResponse(connection) as response:
            response.begin()
            return response.status, response.headers["Content-Type"], response.read()


def assert_valid_response(status: int, content_type: str, body: bytes) -> None:
    """Assert that a response has no internal details, and that an error is JSON."""
    assert status < 500, body
    assert not PYTHON.search(body.decode()), body
    assert b"INTERNAL_SERVER_ERROR" not in body
    if status >= 400:
        assert content_type.partition(";")[0] in {JSON, RESPONSE}
        assert all(error["extensions"]["code"] for error in json.loads(body)["errors"])


def assert_alive(url: str) -> None:
    """Assert that the server still responds."""
    answer = exchange(url, b"GET /health/live HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer


@pytest.mark.parametrize(
    "header",
    [
        b"Expect: the unexpected",
        b"Expect: 100-continue",
        b"Content-Type: application/json; charset*=utf-8''x",
        b"Content-Type: application/json; charset*0=utf; charset*1=-8",
        b"Content-Type: application/json; charset=\xff",
        b"Content-Type: ;;;",
        b"Content-Type: application/json; =; a",
        b"Accept: \xff\xfe",
        b"Accept: application/json;q=",
        b"Accept: application/json;q=1e999",
        b"Origin: \xff",
        b"Content-Encoding: \xff",
        b"Cookie: a=\xff; =;;",
        b"Upgrade: websocket",
        b"Upgrade: h2c\r\nHTTP2-Settings: x",
        b"Authorization: \xff",
        b"X-Request-Id: <script>",
        b"Range: bytes=0-",
        b"If-None-Match: *",
    ],
    ids=repr,
)
def test_unusual_header_gets_a_valid_response(gateway_url: str, header: bytes) -> None:
    typed = b"" if header.startswith(b"Content-Type") else b"Content-Type: application/json\r\n"
    assert_valid_response(*post(gateway_url, typed + header + b"\r\n", json.dumps(QUERY).encode()))

    assert_alive(gateway_url)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\nHost",
        b"GET /%zz?query=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /graphql?query=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://[/graphql HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET //graphql HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /graphql?" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"POST /graphql HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        (
            b"POST /graphql HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n"
        ),
        b"POST /graphql HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /graphql HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{}",
        (
            b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n"
        ),
        (
            b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n"
        ),
        b"POST /graphql HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    ids=lambda data: repr(data)[:60],
)
def test_malformed_http_does_not_affect_others(gateway_url: str, data: bytes) -> None:
    answer = exchange(gateway_url, data)

    assert not re.match(rb"HTTP/1.. 5", answer), answer
    assert not PYTHON.search(answer.decode(errors="replace")), answer
    assert_alive(gateway_url)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "BAD_USER_INPUT"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400, "BAD_USER_INPUT"),
        (b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 9_000), 431, "LIMIT_EXCEEDED"),
    ],
    ids=["no HTTP", "no name", "a long line"],
)
def test_invalid_http_is_refused_in_graphqls_form_and_not_logged(
    gateway: Gateway, data: bytes, status: int, code: str
) -> None:
    for _ in range(2):
        head, _, body = exchange(gateway.url, data).partition(b"\r\n\r\n")
        (error,) = json.loads(body)["errors"]

        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert error["message"]
        assert error["extensions"]["code"] == code
    assert not [line for line in gateway.log if "Traceback" in line or "ERROR" in line]


FUZZED = settings(
    deadline=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # slow to shrink with a server
    suppress_health_check=list(HealthCheck),
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda items: st.lists(items, max_size=3) | st.dictionaries(st.text(), items, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "!",
        "$",
        "@",
        "...",
        '"',
        '"""',
        "#",
        "query",
        "mutation",
        "fragment",
        "on",
        "a",
        "node",
        "id",
        "nodes",
        "__typename",
        "$v",
        "inviteParticipantsOperations",
        "filter",
        "first",
        "1",
        "-1.5e3",
        "null",
        "true",
        "ID",
        "Int",
        "skip",
        "if",
        "_",
        "&",
        "|",
        "=",
    ]
)
DOCUMENTS = (
    st.lists(WORDS, max_size=20).map(" ".join)
    | st.text()
    | st.just("query($v:JSON){a:node(id:$v){id}}")
)
NAMES = ["Accept", "Content-Type", "Content-Encoding", "Origin", "Cookie", "X-Request-Id", "Range"]
LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"))
VALUES = LATIN | st.lists(
    st.sampled_from(["application/json", "*", "/", ";", "q=", "charset", "=", ",", "0", '"', "'"])
).map("".join)


@FUZZED
@given(
    data=st.binary(max_size=200),
    head=st.sampled_from([b"", b"GET ", b"POST /graphql HTTP/1.1\r\n"]),
)
def test_random_bytes_do_not_affect_others(limited: str, data: bytes, head: bytes) -> None:
    answer = exchange(limited, head + data + b"\r\n\r\n")

    assert not re.match(rb"HTTP/1.. 5", answer), answer
    assert not PYTHON.search(answer.decode(errors="replace")), answer
    assert_alive(limited)


@FUZZED
@given(
    body=st.binary()
    | JSONS.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {"query": DOCUMENTS | JSONS},
        optional=dict.fromkeys(("variables", "operationName", "extensions"), JSONS),
    ).map(lambda value: json.dumps(value).encode())
    | st.builds(
        lambda query, v: json.dumps({"query": query, "variables": {"v": v}}).encode(),
        DOCUMENTS,
        JSONS,
    )
)
def test_random_bodies_get_valid_responses(limited: str, body: bytes) -> None:
    assert_valid_response(*post(limited, b"Content-Type: application/json\r\n", body))


@FUZZED
@given(headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4))
def test_random_headers_get_valid_responses(limited: str, headers: list[tuple[str, str]]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
    status, content_type, body = post(limited, lines, json.dumps(QUERY).encode())

    assert_valid_response(status, content_type, body)


@FUZZED
@given(
    query=st.text()
    | st.lists(
        st.tuples(
            st.sampled_from(["query", "variables", "operationName", "extensions", "x"]), st.text()
        )
    ).map(lambda pairs: "&".join(f"{n}={v}" for n, v in pairs))
)
def test_random_query_strings_get_valid_responses(limited: str, query: str) -> None:
    target = query.encode(errors="surrogatepass")
    answer = exchange(limited, b"GET /graphql?%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)

    assert not re.match(rb"HTTP/1.. 5", answer), answer
    assert b"INTERNAL_SERVER_ERROR" not in answer
    assert not PYTHON.search(answer.decode(errors="replace")), answer
