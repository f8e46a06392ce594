"""Random requests to a running gateway: valid ones, and ones that were valid before being spoilt.

Every answer is well-formed by the GraphQL specification, and none is a fault of the gateway's.
"""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gateways import LONGER, UNTRACED, MakeDatabase, running
from support.leaks import PYTHON
from support.random_documents import Draw, requests
from support.random_mutations import mutations
from support.random_tests import RANDOM
from support.responses import assert_well_formed
from support.waiting import WITHIN

pytestmark = pytest.mark.each_database

JSON = "application/json"
STRICT = "application/graphql-response+json"
NOWHERE = "kgEC"  # a cursor of another change log

_TOKENS = re.compile(
    r'"""(?:[^"]|"(?!""))*"""|"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d[\d.eE+-]*|\S'
)


@pytest.fixture(scope="module")
def connection(
    tmp_path_factory: pytest.TempPathFactory, new_database: MakeDatabase
) -> Iterator[HTTPConnection]:
    """A connection to this module's gateway, whose log must not have errors at the end."""
    variables = UNTRACED | new_database()
    with running(tmp_path_factory.mktemp("fuzzed"), **variables) as gateway:
        parts = urlsplit(gateway.url)
        connection = HTTPConnection(str(parts.hostname), int(parts.port or 0), timeout=WITHIN)
        yield connection
        connection.close()
    assert not [line for line in gateway.log if "Traceback" in line or "ERROR" in line]


def assert_answers(connection: HTTPConnection, body: bytes) -> None:
    """Assert that the response is well-formed, and has the status that belongs to it."""
    connection.request("POST", "/graphql", body, {"Content-Type": JSON, "Accept": STRICT})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status in {200, 400}, (answer.status, text)
    assert not PYTHON.search(text), text
    assert "INTERNAL_SERVER_ERROR" not in text, text
    response = json.loads(text)
    assert_well_formed(response)
    assert ("data" in response) == (answer.status == 200), (answer.status, text)


def envelope(query: str, variables: object) -> bytes:
    """Return the body of a request."""
    return json.dumps({"query": query, "variables": variables}).encode()


valid = requests([None, "", NOWHERE]) | mutations


@st.composite
def malformed_documents(draw: Draw) -> bytes:
    """Draw a request whose document has tokens added, removed or swapped."""
    query, variables = draw(valid)
    tokens = _TOKENS.findall(query)
    for _ in range(draw(st.integers(1, 4))):
        here, there = (draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        match draw(st.sampled_from(["drop", "repeat", "swap", "copy", "cut"])):
            case "drop" if len(tokens) > 1:
                del tokens[here]
            case "repeat":
                tokens.insert(here, tokens[here])
            case "swap":
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case "copy":
                tokens[here] = tokens[there]
            case "cut" if here:
                del tokens[here:]
    return envelope(" ".join(tokens), variables)


@st.composite
def corrupted_bodies(draw: Draw) -> bytes:
    """Draw a body with bytes changed, removed or repeated."""
    body = bytearray(envelope(*draw(valid)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(start + draw(st.integers(0, 8)), len(body))
        match draw(st.sampled_from(["flip", "insert", "delete", "repeat"])):
            case "flip" if start < len(body):
                body[start] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                body[start:start] = draw(st.binary(min_size=1, max_size=4))
            case "delete":
                del body[start:end]
            case "repeat":
                body[start:start] = body[start:end] * draw(st.integers(1, 50))
    return bytes(body)


@settings(RANDOM, max_examples=150 * LONGER)
@given(valid)
def test_random_request_gets_a_well_formed_answer(
    connection: HTTPConnection, request_: tuple[str, object]
) -> None:
    assert_answers(connection, envelope(*request_))


@settings(RANDOM, max_examples=75 * LONGER)
@given(malformed_documents())
def test_misspelt_document_gets_a_well_formed_answer(
    connection: HTTPConnection, body: bytes
) -> None:
    assert_answers(connection, body)


@settings(RANDOM, max_examples=75 * LONGER)
@given(corrupted_bodies())
def test_spoilt_body_gets_a_well_formed_answer(connection: HTTPConnection, body: bytes) -> None:
    assert_answers(connection, body)
