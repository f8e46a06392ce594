"""The attributes of requests by the semantic conventions, of low cardinality."""

from gateway.http.observing import Observation

GRAPHQL = "/graphql"
FAILED = 500

_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

Attributes = dict[str, str | int]


def of_http(observation: Observation) -> Attributes:
    """Return the attributes of a request (semantic conventions for HTTP servers)."""
    head = observation.head
    attributes: Attributes = {
        "http.request.method": method(observation),
        "network.protocol.version": f"{head.version.major}.{head.version.minor}",
        "url.scheme": "http",
    }
    if route := route_of(observation):
        attributes["http.route"] = route
    if observation.status:
        attributes["http.response.status_code"] = observation.status
    if observation.status >= FAILED:
        attributes["error.type"] = str(observation.status)
    return attributes


def of_graphql(observation: Observation) -> Attributes:
    """Return those of an operation, without its name (conventions for GraphQL servers)."""
    attributes: Attributes = {}
    if observation.info and observation.info.type:
        attributes["graphql.operation.type"] = observation.info.type.value
    if observation.errors:
        attributes["error.type"] = observation.errors[0]
    return attributes


def route_of(observation: Observation) -> str:
    """Return the template of the path, or nothing for an unknown path."""
    is_graphql = observation.head.encoded_path == GRAPHQL
    return GRAPHQL if is_graphql else observation.route


def method(observation: Observation) -> str:
    """Return the method, or ``_OTHER`` for an unknown one."""
    given = observation.head.method
    return given if given in _METHODS else "_OTHER"
