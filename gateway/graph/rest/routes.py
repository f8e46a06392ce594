"""The operations of the REST API, by resource and method."""

from collections.abc import Mapping

from msgspec.structs import replace

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.graph.rest import delta, documents, reading
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.options import COUNT_OPTIONS, DELTA_OPTIONS, ENTITY_OPTIONS, LIST_OPTIONS
from gateway.graph.rest.target import Operation
from gateway.graph.rest.writing import WriteHandlers
from gateway.graph_json.model import INVITE_PARTICIPANTS_OPERATION
from schema.context import Scope

ENTITY = INVITE_PARTICIPANTS_OPERATION.name
COLLECTION = f"{ENTITY}CollectionResponse"
COUNT = "count"
INVITE_PARAMETERS = "inviteParameters"

Routes = Mapping[Resource, Mapping[str, Operation]]


def routes_of(cache: ResponseCache, lock: CooperativeLock, max_body_bytes: int) -> Routes:
    """Return the operations of each resource by method."""
    lists, writes = reading.ListHandlers(cache, lock), WriteHandlers(max_body_bytes)
    list_operations = Operation(
        "listOperations", "A page of operations.", lists.get, LIST_OPTIONS, response_type=COLLECTION
    )
    count = Operation(
        "countOperations",
        "The number of operations.",
        lists.count,
        COUNT_OPTIONS,
        response_type=COUNT,
    )
    follow = Operation(
        "followOperations",
        "All operations, and then those that were changed since.",
        delta.get,
        DELTA_OPTIONS,
        response_type=COLLECTION,
    )
    create = Operation(
        "createOperation",
        "Create an operation.",
        writes.create,
        ENTITY_OPTIONS,
        Scope.WRITE,
        request_type=ENTITY,
        response_type=ENTITY,
        status=201,
    )
    invite = Operation(
        "inviteParticipants",
        "Create the operation of an invitation.",
        writes.invite,
        scope=Scope.WRITE,
        request_type=INVITE_PARAMETERS,
        response_type=ENTITY,
    )
    operation = {
        "GET": Operation(
            "getOperation", "An operation.", reading.get, ENTITY_OPTIONS, response_type=ENTITY
        ),
        "PATCH": replace(
            create,
            name="updateOperation",
            summary="Update the properties of an operation that are in the body.",
            prepare=writes.update,
            status=200,
        ),
        "DELETE": Operation(
            "deleteOperation",
            "Delete an operation.",
            writes.delete,
            scope=Scope.WRITE,
            status=204,
        ),
    }
    return {
        **documents.ROUTES,
        Resource.CALL_OPERATIONS: {"GET": list_operations, "POST": create},
        Resource.CALL_OPERATIONS_COUNT: {"GET": count},
        Resource.CALL_OPERATIONS_DELTA: {"GET": follow},
        Resource.CALL_OPERATION: operation,
        Resource.INVITE: {"POST": invite},
        Resource.OPERATIONS: {"GET": list_operations, "POST": create},
        Resource.OPERATIONS_COUNT: {"GET": count},
        Resource.OPERATIONS_DELTA: {"GET": follow},
        Resource.OPERATION: operation,
    }
