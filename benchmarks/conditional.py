"""Queries by GET whose answers the client has already, and how they are asked again."""

import http.client
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from answers import document
from data import operation_id
from servers import Server

GOT = 100
"""How many operations are got in turn."""


def known(server: Server) -> list[str]:
    """Ask by GET; return lines of the query's name, its path and the ETag of the answer.

    Raises ``RuntimeError`` when asking again with that is not answered by 304.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    gets: list[dict[str, Any]] = [{"id": operation_id(number)} for number in range(GOT)]
    paths = [("get", _path(server, "get", variables)) for variables in gets]
    paths.append(("list", _path(server, "list", {"first": 50})))
    return [f"{name} {path} {_tag(connection, path)}" for name, path in paths]


def _path(server: Server, name: str, variables: dict[str, Any]) -> str:
    query = " ".join(document(server.peer, name).split())
    return f"/graphql?query={quote(query)}&variables={quote(json.dumps(variables))}"


def _tag(connection: http.client.HTTPConnection, path: str) -> str:
    tag = _answer(connection, path, {}, HTTPStatus.OK)
    _answer(connection, path, {"If-None-Match": tag}, HTTPStatus.NOT_MODIFIED)
    return tag


def _answer(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str], expected: int
) -> str:
    connection.request("GET", path, headers={"Accept": "application/json", **headers})
    response = connection.getresponse()
    body = response.read()
    if response.status != expected:
        raise RuntimeError(f"{response.status}, not {expected}: {body[:500]!r}")
    return response.headers["ETag"]
