"""What is done at which resources, by which methods."""

from collections.abc import Mapping

from msgspec.structs import replace

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.graph.rest import delta, documents, reading
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.options import COUNTING, FOLLOWING, LISTING, READING
from gateway.graph.rest.target import Operation
from gateway.graph.rest.writing import Writes
from gateway.graph_json.model import INVITE_PARTICIPANTS_OPERATION
from schema.context import Scope

ENTITY = INVITE_PARTICIPANTS_OPERATION.name
COLLECTION = f"{ENTITY}CollectionResponse"
COUNT = "count"
INVITE_PARAMETERS = "inviteParameters"

Routes = Mapping[Resource, Mapping[str, Operation]]


def routes_of(cache: ResponseCache, lock: CooperativeLock, max_body_bytes: int) -> Routes:
    """Return what is done at each resource, by the methods of HTTP."""
    lists, writes = reading.Lists(cache, lock), Writes(max_body_bytes)
    list_ = Operation(
        "listOperations", "A page of operations.", lists.get, LISTING, gives=COLLECTION
    )
    count = Operation(
        "countOperations", "How many operations there are.", lists.count, COUNTING, gives=COUNT
    )
    follow = Operation(
        "followOperations",
        "All operations, and then what has changed.",
        delta.get,
        FOLLOWING,
        gives=COLLECTION,
    )
    create = Operation(
        "createOperation",
        "Create an operation.",
        writes.create,
        READING,
        Scope.WRITE,
        takes=ENTITY,
        gives=ENTITY,
        status=201,
    )
    invite = Operation(
        "inviteParticipants",
        "Create the operation of an invitation.",
        writes.invite,
        scope=Scope.WRITE,
        takes=INVITE_PARAMETERS,
        gives=ENTITY,
    )
    operation = {
        "GET": Operation("getOperation", "An operation.", reading.get, READING, gives=ENTITY),
        "PATCH": replace(
            create,
            name="updateOperation",
            summary="Change what the body has of an operation.",
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
        Resource.CALL_OPERATIONS: {"GET": list_, "POST": create},
        Resource.CALL_OPERATIONS_COUNT: {"GET": count},
        Resource.CALL_OPERATIONS_DELTA: {"GET": follow},
        Resource.CALL_OPERATION: operation,
        Resource.INVITE: {"POST": invite},
        Resource.OPERATIONS: {"GET": list_, "POST": create},
        Resource.OPERATIONS_COUNT: {"GET": count},
        Resource.OPERATIONS_DELTA: {"GET": follow},
        Resource.OPERATION: operation,
    }
