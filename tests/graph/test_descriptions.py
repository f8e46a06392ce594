"""Descriptions of Graph's interface, checked against what is served."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from support.paths import TOOLS
from support.rest_client import Rest
from support.waiting import WITHIN

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
async def rest(http: aiohttp.ClientSession, gateway_url: str) -> Rest:
    """A client of a call of the test's own."""
    return Rest(http, gateway_url)


def validated(tool: str, document: Path) -> None:
    """Validate a document with a tool from npm; fail the test if it is not valid."""
    path = f"{Path(sys.prefix) / 'node'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["node", TOOLS / tool, document],  # noqa: S607  of the machine, or linked by make
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "valid\n"), f"{done.stdout}\n{done.stderr}"


async def test_service_document_leads_to_the_resources(rest: Rest) -> None:
    service = await rest.send("GET", "/v1.0/")
    assert service.body["@odata.context"] == f"{rest.url}/v1.0/$metadata"
    (singleton,) = service.body["value"]
    assert (await rest.send("GET", f"/v1.0/{singleton['url']}")).status == 200


@pytest.mark.parametrize("version", ["/v1.0", "/beta"])
async def test_root_differs_from_paths_below_it(rest: Rest, version: str) -> None:
    """Requests that differ in the path alone share what is cached of their heads."""
    paths = {"/communications/inviteParticipantsOperations/none": 404, "": 200, "/": 200}
    for path, status in [*paths.items()] * 3:
        answer = await rest.send("GET", f"{version}{path}", Accept=f"application/json;v={version}")
        assert answer.status == status, path


async def test_metadata_is_valid_and_has_the_types_that_are_written(
    rest: Rest, tmp_path: Path
) -> None:
    metadata = await rest.send("GET", "/v1.0/$metadata", Accept="application/xml")
    assert metadata.headers["Content-Type"] == "application/xml"
    document = tmp_path / "metadata.xml"
    document.write_text(metadata.body)
    validated("csdl.mjs", document)
    root = ET.fromstring(metadata.body)  # noqa: S314  the gateway's own
    declared = {
        type_.get("Name"): [one.get("Name") for one in type_.iter(f"{EDM}Property")]
        for type_ in root.iter()
        if type_.tag in {f"{EDM}EntityType", f"{EDM}ComplexType"}
    }
    assert declared["resultInfo"] == ["code", "subcode", "message"]
    assert declared["commsOperation"] == ["status", "clientContext", "resultInfo"]
    assert "phone" in declared["communicationsIdentitySet"]


async def test_openapi_description_is_valid_and_complete(rest: Rest, tmp_path: Path) -> None:
    description = await rest.send("GET", "/openapi.json")
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(description.body))
    validated("openapi.mjs", document)
    paths: dict[str, Any] = description.body["paths"]
    assert len(paths) == 13
    for path, methods in paths.items():
        named = path.replace("{call-id}", rest.call).replace("{operation-id}", "none")
        for method in ("get", "post", "patch", "delete", "put"):
            answer = await rest.send(method.upper(), f"/v1.0{named}")
            assert (answer.status == 405) == (method not in methods), (path, method)
