"""What the service says of itself: the service document, its one singleton, and ``$metadata``."""

from collections.abc import Mapping

from gateway.documents.cost import READ
from gateway.graph.faults import VERSION
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.options import Options
from gateway.graph.rest.target import Operation, RequestTarget, Work
from gateway.graph_json.csdl import csdl
from gateway.graph_json.writing import Metadata
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope

SINGLETON = "communications"


async def service(target: RequestTarget, _options: Options, _request: Request) -> Work:
    """Name what there is at the root of the service."""

    async def run(_context: Context) -> Response:
        singleton = {"name": SINGLETON, "kind": "Singleton", "url": SINGLETON}
        return target.json({**_context_of(target, ""), "value": [singleton]})

    return Work(READ, run)


async def communications(target: RequestTarget, _options: Options, _request: Request) -> Work:
    """Give the singleton, which has no properties but what is contained in it."""

    async def run(_context: Context) -> Response:
        return target.json(_context_of(target, f"#{SINGLETON}"))

    return Work(READ, run)


async def metadata(_target: RequestTarget, _options: Options, _request: Request) -> Work:
    """Describe the types and what is done with them."""

    async def run(_context: Context) -> Response:
        return Response(csdl(), headers={"Content-Type": "application/xml", **VERSION})

    return Work(READ, run)


def _context_of(target: RequestTarget, fragment: str) -> dict[str, str]:
    if target.preferences.metadata is Metadata.NONE:
        return {}
    return {"@odata.context": f"{target.root}$metadata{fragment}"}


ROUTES: Mapping[Resource, Mapping[str, Operation]] = {
    Resource.SERVICE: {
        "GET": Operation("getService", "The service document.", service, gives="serviceDocument")
    },
    Resource.COMMUNICATIONS: {
        "GET": Operation(
            "getCommunications", "The singleton.", communications, gives="serviceDocument"
        )
    },
    Resource.METADATA: {
        "GET": Operation(
            "getMetadata",
            "The metadata in CSDL.",
            metadata,
            scope=Scope.INTROSPECTION,
            gives="metadata",
        )
    },
}
