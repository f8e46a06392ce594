"""Queries by HTTP GET, and the ETags of their responses."""

import http.client
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from data import operation_id
from graphql_requests import document
from server_process import Server

GETS = 100
"""The number of operations that are requested in turn."""


def paths_and_etags(server: Server) -> list[str]:
    """Send GET requests; return a line with the document's name, the path and the ETag of each.

    Raises ``RuntimeError`` if a request with that ETag is not answered with status 304.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    paths = [("get", _path("get", {"id": operation_id(number)})) for number in range(GETS)]
    paths.append(("list", _path("list", {"first": 50})))
    return [f"{name} {path} {_etag(connection, path)}" for name, path in paths]


def _path(name: str, variables: dict[str, Any]) -> str:
    return f"/graphql?query={quote(document(name))}&variables={quote(json.dumps(variables))}"


def _etag(connection: http.client.HTTPConnection, path: str) -> str:
    etag = _get(connection, path, {}, HTTPStatus.OK)
    _get(connection, path, {"If-None-Match": etag}, HTTPStatus.NOT_MODIFIED)
    return etag


def _get(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str], expected: int
) -> str:
    connection.request("GET", path, headers={"Accept": "application/json", **headers})
    response = connection.getresponse()
    body = response.read()
    if response.status != expected:
        raise RuntimeError(f"Status {response.status}, not {expected}: {body[:500]!r}")
    return response.headers["ETag"]
