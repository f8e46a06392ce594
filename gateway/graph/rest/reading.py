"""Reading of operations: a single one, a page of a list, and the count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.arguments import KEY, SKIPPED_PER_COST, filter_cost
from gateway.documents.cost import PARTICIPANTS, READ, TOTAL_COUNT
from gateway.execution.compiled.projections import decode_cached
from gateway.execution.compiled.response_cache import CacheKey, ResponseCache
from gateway.graph.faults import VERSION, precondition_failed
from gateway.graph.rest.filters.search import parse_search
from gateway.graph.rest.filters.syntax import parse
from gateway.graph.rest.filters.translation import OPERATION_SCOPE, translate
from gateway.graph.rest.options import (
    Options,
    is_counted,
    number_of,
    order_of,
    query_string,
    select_of,
    top_of,
    without_paging,
)
from gateway.graph.rest.target import PreparedRequest, RequestTarget
from gateway.graph_json.writing import EntityFormat, decode_operation, encoder, etag, writer
from gateway.http.faults import Fault
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.lru_cache import LRUCache
from schema.context import Context
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import Order
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Slice, decode_cursor, encode_cursor
from schema.resource.operation import StoredOperation
from schema.validation import InvalidInput, read_input

OPERATION_COST = 1 + PARTICIPANTS
"""The cost of an operation with all properties, as in GraphQL."""
CACHE_SIZE = 256
MAX_SHORT_OPTIONS = 256
"""In characters: longer query options are parsed in an iteration of the event loop of their own."""

Where = InviteParticipantsOperationFilter | None


def write_entity(
    target: RequestTarget, operation: StoredOperation, select: frozenset[str] | None
) -> bytes:
    """Return the JSON of an operation, for the body of a response."""
    return _encode_entity(target, decode_operation(operation.document), select)


def _encode_entity(
    target: RequestTarget,
    decoded: Any,  # noqa: ANN401  of `decode_operation`
    select: frozenset[str] | None,
) -> bytes:
    return target.with_context(encoder(target.entity_format(select))(decoded), select)


def entity_cost(select: frozenset[str] | None) -> int:
    """Return the cost of an operation in a response."""
    return OPERATION_COST if select is None or "participants" in select else 1


async def get(target: RequestTarget, options: Options, _request: Request) -> PreparedRequest:
    """Return an operation by its id."""
    select = select_of(options)

    async def run(context: Context) -> Response:
        operation = target.check_found(await context.store.get(target.address.operation_id))
        decoded = decode_operation(operation.document)
        version, conditions = decoded.version, target.preconditions
        if conditions.is_not_modified(version):
            response = Response(status=304)
        elif not conditions.is_met(version):
            raise precondition_failed()
        else:
            response = target.response(_encode_entity(target, decoded, select))
        response.headers["ETag"] = etag(version)
        return response

    return PreparedRequest(READ + entity_cost(select), run)


def requested_filter(call_id: str | None, options: Options) -> dict[str, Any]:
    """Return the filter of a request, as JSON of the GraphQL input type."""
    where: dict[str, Any] = {} if call_id is None else {"callId": {"eq": call_id}}
    conditions = []
    if "$filter" in options:
        conditions.append(translate(parse(options["$filter"]), OPERATION_SCOPE))
    if "$search" in options:
        conditions.append(parse_search(options["$search"]))
    return {**where, "and": conditions} if conditions else where


def filter_of(where: Mapping[str, Any]) -> Where:
    """Read a filter in JSON; raise ``Fault`` if a value in it is invalid."""
    if not where:
        return None
    try:
        return read_input(InviteParticipantsOperationFilter, where)
    except InvalidInput as invalid:
        raise Fault(400, f"The filter is not valid. {invalid}", target="$filter") from None


@dataclass(frozen=True, eq=False)
class ListQuery:
    """The parsed query of a list; equal requests share one object, which is the key of a cache."""

    where: Where
    order: Order
    part: Slice
    format: EntityFormat
    is_counted: bool
    context_url: str | None
    next_url: str
    """The URL of the next page, without its ``$skiptoken``."""
    cost: int

    async def read(self, context: Context) -> dict[str, Any]:
        """Return the page."""
        payload: dict[str, Any] = {}
        if self.context_url is not None:
            payload["@odata.context"] = self.context_url
        page = await context.store.page(self.where, self.order, self.part)
        if self.is_counted:
            payload["@odata.count"] = await context.store.count(self.where)
        if page.more and page.keys:
            token = encode_cursor(self.order, page.keys[-1])
            payload["@odata.nextLink"] = f"{self.next_url}$skiptoken={token}"
        write = writer(self.format)
        payload["value"] = [decode_cached(write, one.document) for one in page.operations]
        return payload


class ListHandlers:
    """Handles requests for lists and counts; pages are cached until the next change."""

    def __init__(self, cache: ResponseCache, lock: CooperativeLock) -> None:
        self._cache = cache
        self._lock = lock
        self._queries: LRUCache[object, ListQuery] = LRUCache(max_items=CACHE_SIZE)

    async def get(
        self, target: RequestTarget, options: Options, _request: Request
    ) -> PreparedRequest:
        """Return a page of a list."""
        key = (target.head.raw_path, target.root, target.preferences)
        query = self._queries.get(key)
        if query is None:
            await self._await_turn(options)
            query = list_query_of(target, options)
            self._queries.put(key, query)
        else:
            self._queries.move_to_end(key)
        found = query

        async def run(context: Context) -> Response:
            return target.page(await self._page(found, context))

        return PreparedRequest(found.cost, run)

    async def count(
        self, target: RequestTarget, options: Options, _request: Request
    ) -> PreparedRequest:
        """Return the number of operations as plain text."""
        await self._await_turn(options)
        where = requested_filter(target.address.call_id, options)

        async def run(context: Context) -> Response:
            count = await context.store.count(filter_of(where))
            headers = {"Content-Type": "text/plain", **VERSION}
            return Response(str(count).encode(), headers=headers)

        return PreparedRequest(READ + TOTAL_COUNT + filter_cost(where, {}), run)

    async def _await_turn(self, options: Options) -> None:
        """Wait for an iteration of the event loop without other long query options to parse."""
        if sum(map(len, options.values())) > MAX_SHORT_OPTIONS:
            await self._lock.acquire()

    async def _page(self, query: ListQuery, context: Context) -> Raw | dict[str, Any]:
        if not self._cache.max_bytes:
            return await query.read(context)
        key = CacheKey(query, b"", context.principal.scopes)
        bounds = await context.log.bounds()
        cached = self._cache.get(key, bounds)
        if cached is not None:
            return cached
        return self._cache.put(key, bounds, await query.read(context))


def list_query_of(target: RequestTarget, options: Options) -> ListQuery:
    """Parse the query options of a list; raise ``Fault`` or ``RequestError``."""
    where, order, select = (
        requested_filter(target.address.call_id, options),
        order_of(options),
        select_of(options),
    )
    part = slice_of(target, options, order)
    has_count = is_counted(options)
    query = query_string(without_paging(options))
    cost = (
        READ
        + part.limit * entity_cost(select)
        + filter_cost(where, {})
        + KEY * len(order)
        + part.offset // SKIPPED_PER_COST
        + (TOTAL_COUNT if has_count else 0)
    )
    return ListQuery(
        where=filter_of(where),
        order=order,
        part=part,
        format=target.entity_format(select),
        is_counted=has_count,
        context_url=target.context_url(select, ""),
        next_url=f"{target.root}{target.address.collection}?{query}{'&' if query else ''}",
        cost=cost,
    )


def slice_of(target: RequestTarget, options: Options, order: Order) -> Slice:
    """Return the requested part of a list, which is limited by ``$top`` and ``maxpagesize``."""
    top, skip = top_of(options), number_of(options, "$skip")
    token = options.get("$skiptoken")
    if token is not None and skip:
        raise Fault(400, "Both $skiptoken and $skip are given. Omit $skip.")
    preferred = target.preferences.max_page_size
    limit = min(preferred, MAX_PAGE_SIZE) if preferred else DEFAULT_PAGE_SIZE
    if top is not None:
        limit = min(top, limit) if preferred else top
    after = None if token is None else decode_cursor(order, token, "$skiptoken")
    return Slice(limit, after=after, offset=skip or 0)
