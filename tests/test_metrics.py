"""What Prometheus sees."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Client

SAMPLE = re.compile(r'^(invite_gateway_\S+?)(?:\{reason=(".*")\})? (\S+)$', re.MULTILINE)
DOCUMENTS = Path(__file__).parent.parent / "benchmarks" / "documents"
VARIABLES: dict[str, dict[str, Any]] = {
    "create": {
        "input": {"id": "measured", "participants": [{"identity": {"phone": {"id": "+1"}}}]}
    },
    "filter": {"first": 50, "status": "Running", "user": "ada"},
    "get": {"id": "measured"},
    "list": {"first": 50},
    "list_four": {"first": 50},
    "page": {"first": 10, "after": None},
    "update": {"id": "measured", "context": "again"},
}


async def counted(client: Client) -> dict[str, float]:
    """Read the gateway's own counters."""
    async with client.session.get(f"{client.url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    samples = re.findall(
        r"^(invite_gateway_\S+?)(?:\{reason=(\".*\")\})? (\S+)$", text, re.MULTILINE
    )
    return {json.loads(reason) if reason else name: float(value) for name, reason, value in samples}


async def test_metrics_tell_what_was_compiled_and_why_other_operations_were_not(
    client: Client,
) -> None:
    await client.data("{ __typename }")
    await client.data("{ __schema { queryType { name } } }")
    await client.data('{ __type(name: "Query") { name } }')

    assert await counted(client) == {
        "invite_gateway_compiled_operations_total": 1,
        "invite_gateway_remembered_operations_total": 0,
        "introspection": 2,
    }


async def test_metrics_are_there_to_be_read_only(client: Client) -> None:
    async with client.session.post(f"{client.url}/metrics") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("name", sorted(VARIABLES))
async def test_operation_of_the_benchmark_is_compiled(client: Client, name: str) -> None:
    document = (DOCUMENTS / f"{name}.graphql").read_text()
    if "...AllFields" in document:
        document += (DOCUMENTS / "all_fields.graphql").read_text()
    await client.data(document, **VARIABLES[name])

    assert await counted(client) == {
        "invite_gateway_compiled_operations_total": 1,
        "invite_gateway_remembered_operations_total": 0,
    }


def test_every_document_of_the_benchmark_is_tried() -> None:
    documents = {path.stem for path in DOCUMENTS.glob("*.graphql")} - {"all_fields"}

    assert documents == set(VARIABLES)
