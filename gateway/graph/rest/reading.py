"""Reading operations: one by its id, a page of a list, and how many there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.arguments import KEY, SKIPPED_PER_COST, filter_cost
from gateway.documents.cost import PARTICIPANTS, READ, TOTAL_COUNT
from gateway.execution.compiled.projections import decode_cached
from gateway.execution.compiled.response_cache import CacheKey, ResponseCache
from gateway.graph.faults import VERSION, modified
from gateway.graph.rest.filters.search import parse_search
from gateway.graph.rest.filters.syntax import parse
from gateway.graph.rest.filters.translation import OF_OPERATION, translate
from gateway.graph.rest.options import (
    Options,
    is_counted,
    number_of,
    order_of,
    select_of,
    top_of,
    without_paging,
    written,
)
from gateway.graph.rest.target import RequestTarget, Work
from gateway.graph_json.writing import Form, etag, writer
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

OPERATION = 1 + PARTICIPANTS
"""What each operation costs that is written as a whole, as in GraphQL."""
REMEMBERED = 256
LARGE_OPTIONS = 256
"""In characters: longer ones wait for an iteration of the loop in which to be read."""

Where = InviteParticipantsOperationFilter | None


def entity(
    target: RequestTarget, operation: StoredOperation, select: frozenset[str] | None
) -> bytes:
    """Write an operation as the body of a response."""
    return target.with_context(bytes(writer(target.form(select))(operation.document)), select)


def entity_cost(select: frozenset[str] | None) -> int:
    """Return what it costs to give an operation."""
    return OPERATION if select is None or "participants" in select else 1


async def get(target: RequestTarget, options: Options, _request: Request) -> Work:
    """Read an operation by its id."""
    select = select_of(options)

    async def run(context: Context) -> Response:
        operation = target.found(await context.store.get(target.address.operation_id))
        version = operation.version
        if target.preconditions.is_known(version):
            response = Response(status=304)
        elif not target.preconditions.is_met(version):
            raise modified()
        else:
            response = target.response(entity(target, operation, select))
        response.headers["ETag"] = etag(version)
        return response

    return Work(READ + entity_cost(select), run)


def requested_filter(call_id: str | None, options: Options) -> dict[str, Any]:
    """Return which operations a request is about, as GraphQL's filter in JSON."""
    where: dict[str, Any] = {} if call_id is None else {"callId": {"eq": call_id}}
    conditions = []
    if "$filter" in options:
        conditions.append(translate(parse(options["$filter"]), OF_OPERATION))
    if "$search" in options:
        conditions.append(parse_search(options["$search"]))
    return {**where, "and": conditions} if conditions else where


def filter_of(where: Mapping[str, Any]) -> Where:
    """Read a filter in JSON; raise ``Fault`` for one with a value that cannot be."""
    if not where:
        return None
    try:
        return read_input(InviteParticipantsOperationFilter, where)
    except InvalidInput as invalid:
        raise Fault(400, f"The filter is not valid. {invalid}", target="$filter") from None


@dataclass(frozen=True, eq=False)
class Listing:
    """A list that is requested; all requests for it share one object, to find its page by."""

    where: Where
    order: Order
    part: Slice
    form: Form
    is_counted: bool
    context: str | None
    next_page: str
    """The URL of the next page, without its place."""
    cost: int

    async def page(self, context: Context) -> dict[str, Any]:
        """Read the page."""
        payload: dict[str, Any] = {}
        if self.context is not None:
            payload["@odata.context"] = self.context
        page = await context.store.page(self.where, self.order, self.part)
        if self.is_counted:
            payload["@odata.count"] = await context.store.count(self.where)
        if page.more and page.keys:
            place = encode_cursor(self.order, page.keys[-1])
            payload["@odata.nextLink"] = f"{self.next_page}$skiptoken={place}"
        write = writer(self.form)
        payload["value"] = [decode_cached(write, one.document) for one in page.operations]
        return payload


class Lists:
    """Answers lists and counts; the last requested lists are kept until something changes."""

    def __init__(self, cache: ResponseCache, lock: CooperativeLock) -> None:
        self._cache = cache
        self._lock = lock
        self._listings: LRUCache[object, Listing] = LRUCache(max_items=REMEMBERED)

    async def get(self, target: RequestTarget, options: Options, _request: Request) -> Work:
        """Read a page of a list."""
        key = (target.head.raw_path, target.root, target.preferences)
        listing = self._listings.get(key)
        if listing is None:
            await self._await_turn(options)
            listing = listing_of(target, options)
            self._listings.put(key, listing)
        else:
            self._listings.move_to_end(key)
        page = listing

        async def run(context: Context) -> Response:
            response = target.json(await self._page(page, context))
            if target.preferences.max_page_size:
                applied = f"odata.maxpagesize={target.preferences.max_page_size}"
                response.headers["Preference-Applied"] = applied
            return response

        return Work(page.cost, run)

    async def count(self, target: RequestTarget, options: Options, _request: Request) -> Work:
        """Tell how many operations there are, as a text."""
        await self._await_turn(options)
        where = requested_filter(target.address.call_id, options)

        async def run(context: Context) -> Response:
            count = await context.store.count(filter_of(where))
            headers = {"Content-Type": "text/plain", **VERSION}
            return Response(str(count).encode(), headers=headers)

        return Work(READ + TOTAL_COUNT + filter_cost({"filter": where}, {}), run)

    async def _await_turn(self, options: Options) -> None:
        """Wait, if the query options are long, for an iteration of the loop to read them in."""
        if sum(map(len, options.values())) > LARGE_OPTIONS:
            await self._lock.acquire()

    async def _page(self, listing: Listing, context: Context) -> Raw | dict[str, Any]:
        if not self._cache.max_bytes:
            return await listing.page(context)
        question = CacheKey(listing, b"", context.principal.scopes)
        held = await context.log.bounds()
        kept = self._cache.get(question, held)
        if kept is not None:
            return kept
        return self._cache.put(question, held, await listing.page(context))


def listing_of(target: RequestTarget, options: Options) -> Listing:
    """Return the list that query options ask for; raise ``Fault`` or ``RequestError``."""
    where, order, select = (
        requested_filter(target.address.call_id, options),
        order_of(options),
        select_of(options),
    )
    part = slice_of(target, options, order)
    counts = is_counted(options)
    query = written(without_paging(options))
    cost = (
        READ
        + part.limit * entity_cost(select)
        + filter_cost({"filter": where}, {})
        + KEY * len(order)
        + part.offset // SKIPPED_PER_COST
        + (TOTAL_COUNT if counts else 0)
    )
    return Listing(
        where=filter_of(where),
        order=order,
        part=part,
        form=target.form(select),
        is_counted=counts,
        context=target.context_url(select, ""),
        next_page=f"{target.root}{target.address.collection}?{query}{'&' if query else ''}",
        cost=cost,
    )


def slice_of(target: RequestTarget, options: Options, order: Order) -> Slice:
    """Return the part of a list that is requested; a page is no larger than the client takes."""
    top, skip = top_of(options), number_of(options, "$skip")
    place = options.get("$skiptoken")
    if place is not None and skip:
        raise Fault(400, "$skiptoken says already where the page begins. Leave $skip out.")
    preferred = target.preferences.max_page_size
    limit = min(preferred, MAX_PAGE_SIZE) if preferred else DEFAULT_PAGE_SIZE
    if top is not None:
        limit = min(top, limit) if preferred else top
    after = None if place is None else decode_cursor(order, place, "$skiptoken")
    return Slice(limit, after=after, offset=skip or 0)
