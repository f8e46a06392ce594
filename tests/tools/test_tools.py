"""Tools for GraphQL clients, run against a gateway.

The tools come from npm; `make test` installs them in tests/tools and finds a Node.js for them.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen
from uuid import uuid4

import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from graphql import (
    GraphQLError,
    IntrospectionQuery,
    build_client_schema,
    get_introspection_query,
    print_schema,
)
from support.node import PROGRAMS, post, run
from support.paths import ROOT, TOOLS
from support.waiting import WITHIN

CREATE = """
    mutation Create($input: CreateInviteParticipantsOperationInput!) {
      createInviteParticipantsOperation(input: $input) {
        operation { id clientContext status participants { identity { phone { id } } } }
        errors { __typename code message path }
      }
    }
"""

LIST = """
    query List($clientContext: String!) {
      inviteParticipantsOperations(filter: { clientContext: { eq: $clientContext } }) {
        totalCount
        nodes { id clientContext status }
        pageInfo { hasNextPage endCursor }
      }
    }
"""


def create(url: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Create an operation and return it."""
    payload = post(url, CREATE, {"input": fields})["createInviteParticipantsOperation"]
    operation: dict[str, Any] = payload["operation"]
    return operation


def fetching_client(url: str) -> Client:
    """A client that reads the schema from the server, oneOf inputs too, and checks against it."""
    return Client(
        transport=AIOHTTPTransport(url=url),
        fetch_schema_from_transport=True,
        introspection_args={
            "input_value_deprecation": True,
            "specified_by_url": True,
            "input_object_one_of": True,
        },
        serialize_variables=True,
        parse_results=True,
    )


@pytest.fixture
def endpoint(gateway_url: str) -> str:
    return f"{gateway_url}/graphql"


@pytest.fixture
def introspected(endpoint: str, tmp_path: Path) -> Path:
    """The printed schema from introspection of the endpoint."""
    query = get_introspection_query(
        specified_by_url=True, input_value_deprecation=True, one_of=True
    )
    introspection = cast("IntrospectionQuery", post(endpoint, query, {}))
    path = tmp_path / "introspected.graphql"
    path.write_text(print_schema(build_client_schema(introspection)))
    return path


@pytest.fixture
def relay_queries(gateway_url: str, tmp_path: Path) -> dict[str, str]:
    """The text of each query that relay-compiler generates, by name."""
    project = shutil.copytree(TOOLS / "relay", tmp_path / "relay")
    with urlopen(f"{gateway_url}/schema.graphql", timeout=WITHIN) as response:  # noqa: S310 - our own
        (project / "schema.graphql").write_bytes(response.read())
    (project / "artifacts").mkdir()
    run(PROGRAMS / "relay-compiler", "relay.config.json", cwd=project)
    texts = {
        path.name.removesuffix(".graphql.ts"): re.search(r'"text": (".*")', path.read_text())
        for path in (project / "artifacts").iterdir()
    }
    return {name: json.loads(text[1]) for name, text in texts.items() if text}


def test_codegen_writes_types_that_a_frontend_compiles_against(
    endpoint: str, tmp_path: Path
) -> None:
    run(
        PROGRAMS / "graphql-codegen",
        *("--config", "codegen.config.mjs"),
        ENDPOINT=endpoint,
        OUTPUT=str(tmp_path),
    )
    shutil.copy(TOOLS / "consumer.ts", tmp_path)

    run(
        PROGRAMS / "tsc",
        *("--strict", "--noEmit", "--target", "es2022"),
        *("--module", "esnext", "--moduleResolution", "bundler"),
        *("consumer.ts", "operations.ts", "schema.ts"),
        cwd=tmp_path,
    )


def test_relay_pages_through_a_connection(endpoint: str, relay_queries: dict[str, str]) -> None:
    client_context = f"relay-{uuid4()}"
    created = {create(endpoint, {"clientContext": client_context})["id"] for _ in range(3)}

    seen: list[str] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        variables = {"clientContext": client_context, "first": 2, "after": page["endCursor"]}
        data = post(endpoint, relay_queries["OperationListPaginationQuery"], variables)
        connection = data["inviteParticipantsOperations"]
        seen += [edge["node"]["id"] for edge in connection["edges"]]
        page = connection["pageInfo"]

    assert len(seen) == 3
    assert set(seen) == created


def test_relay_refetches_an_operation_as_a_node(
    endpoint: str, relay_queries: dict[str, str]
) -> None:
    operation = create(endpoint, {"clientContext": "relay", "status": "Running"})

    data = post(endpoint, relay_queries["OperationRowQuery"], {"id": operation["id"]})

    assert data["node"] == {
        "__typename": "InviteParticipantsOperation",
        "id": operation["id"],
        "clientContext": "relay",
        "status": "Running",
        "participants": [],
    }


def test_inspector_finds_no_difference_between_the_endpoint_and_the_printed_schema(
    introspected: Path,
) -> None:
    # Printed, because the inspector does not see oneOf in an introspection of its own.
    printed = run(
        PROGRAMS / "graphql-inspector", "diff", ROOT / "schema" / "schema.graphql", introspected
    )

    assert "No changes detected" in printed


async def test_gql_client_creates_and_lists_by_the_schema_it_fetched(endpoint: str) -> None:
    client_context = f"gql-{uuid4()}"
    created = gql(CREATE)
    created.variable_values = {
        "input": {
            "clientContext": client_context,
            "status": "Running",
            "participants": [{"identity": {"phone": {"id": "+12345678901"}}}],
        }
    }
    listed = gql(LIST)
    listed.variable_values = {"clientContext": client_context}

    async with fetching_client(endpoint) as session:
        payload = (await session.execute(created))["createInviteParticipantsOperation"]
        connection = (await session.execute(listed))["inviteParticipantsOperations"]

    operation = payload["operation"]
    assert payload["errors"] == []
    assert operation["participants"] == [{"identity": {"phone": {"id": "+12345678901"}}}]
    assert connection["totalCount"] == 1
    assert connection["nodes"] == [
        {"id": operation["id"], "clientContext": client_context, "status": "Running"}
    ]


async def test_gql_client_gets_a_broken_constraint_as_data(endpoint: str) -> None:
    created = gql(CREATE)
    created.variable_values = {"input": {"clientContext": "x" * 257}}

    async with fetching_client(endpoint) as session:
        payload = (await session.execute(created))["createInviteParticipantsOperation"]

    assert payload["operation"] is None
    (error,) = payload["errors"]
    assert (error["__typename"], error["code"]) == ("ValidationError", "INVALID")
    assert error["path"] == ["input", "clientContext"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ inviteParticipantsOperations { edges { node { colour } } } }", "field 'colour'"),
        (
            "{ inviteParticipantsOperations(filter: { status: { eq: Paused } }) { totalCount } }",
            "'Paused'",
        ),
        (
            "{ inviteParticipantsOperations(orderBy: { id: ASC, callId: ASC }) { totalCount } }",
            "exactly one",
        ),
        ("mutation { createInviteParticipantsOperation { errors { code } } }", "is required"),
    ],
)
async def test_gql_client_refuses_an_invalid_document_before_it_is_sent(
    endpoint: str, document: str, message: str
) -> None:
    async with fetching_client(endpoint) as session:
        with pytest.raises(GraphQLError, match=message):
            await session.execute(gql(document))


def test_every_audit_of_graphql_over_http_is_ok(endpoint: str) -> None:
    printed = run("node", "audit.mjs", endpoint)

    assert re.search(r"^(\d+) of \1 audits ok$", printed, re.MULTILINE), printed
