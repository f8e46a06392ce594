"""Which requests are answered at which resources."""

from collections.abc import Mapping

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.execution.compiled.response_cache import ResponseCache
from gateway.graph.rest import delta, reading
from gateway.graph.rest.addresses import Resource
from gateway.graph.rest.asked import Prepare
from gateway.graph.rest.writing import Writes


def routes_of(
    cache: ResponseCache, lock: CooperativeLock, max_body_bytes: int
) -> dict[Resource, Mapping[str, Prepare]]:
    """Return what prepares the answer to each method at each resource."""
    lists, writes = reading.Lists(cache, lock), Writes(max_body_bytes)
    collection = {"GET": lists.get, "POST": writes.create}
    operation = {"GET": reading.get, "PATCH": writes.update, "DELETE": writes.delete}
    return {
        Resource.CALL_OPERATIONS: collection,
        Resource.CALL_OPERATIONS_COUNT: {"GET": lists.count},
        Resource.CALL_OPERATIONS_DELTA: {"GET": delta.get},
        Resource.CALL_OPERATION: operation,
        Resource.INVITE: {"POST": writes.invite},
        Resource.OPERATIONS: collection,
        Resource.OPERATIONS_COUNT: {"GET": lists.count},
        Resource.OPERATIONS_DELTA: {"GET": delta.get},
        Resource.OPERATION: operation,
    }
