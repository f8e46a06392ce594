"""The documents that describe the service: the service document, its singleton, ``$metadata``."""

from collections.abc import Mapping

from gateway.documents.cost import READ
from gateway.graph.faults import VERSION
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.options import Options
from gateway.graph.rest.target import Operation, PreparedRequest, RequestTarget
from gateway.graph_json.csdl import csdl
from gateway.graph_json.writing import Metadata
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope

SINGLETON = "communications"


async def service(target: RequestTarget, _options: Options, _request: Request) -> PreparedRequest:
    """Return the service document, which lists the resources at the service root."""

    async def run(_context: Context) -> Response:
        singleton = {"name": SINGLETON, "kind": "Singleton", "url": SINGLETON}
        return target.json({**_context_of(target, ""), "value": [singleton]})

    return PreparedRequest(READ, run)


async def communications(
    target: RequestTarget, _options: Options, _request: Request
) -> PreparedRequest:
    """Return the singleton, which has navigation properties only."""

    async def run(_context: Context) -> Response:
        return target.json(_context_of(target, f"#{SINGLETON}"))

    return PreparedRequest(READ, run)


async def metadata(_target: RequestTarget, _options: Options, _request: Request) -> PreparedRequest:
    """Return the types, functions and actions in CSDL."""

    async def run(_context: Context) -> Response:
        return Response(csdl(), headers={"Content-Type": "application/xml", **VERSION})

    return PreparedRequest(READ, run)


def _context_of(target: RequestTarget, fragment: str) -> dict[str, str]:
    if target.preferences.metadata is Metadata.NONE:
        return {}
    return {"@odata.context": f"{target.root}$metadata{fragment}"}


ROUTES: Mapping[Resource, Mapping[str, Operation]] = {
    Resource.SERVICE: {
        "GET": Operation(
            "getService", "The service document.", service, response_type="serviceDocument"
        )
    },
    Resource.COMMUNICATIONS: {
        "GET": Operation(
            "getCommunications", "The singleton.", communications, response_type="serviceDocument"
        )
    },
    Resource.METADATA: {
        "GET": Operation(
            "getMetadata",
            "The metadata in CSDL.",
            metadata,
            scope=Scope.INTROSPECTION,
            response_type="metadata",
        )
    },
}
