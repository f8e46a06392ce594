"""The function ``delta``: all operations, and then those that were changed since.

The first round reads the list page by page. Its links contain the position of the change log at
the first page, and its last page links to the changes since then. The last page of each later
round links to the changes since that round.
"""

from typing import Any

from msgspec import Struct

from gateway.documents.cost import READ
from gateway.execution.compiled.projections import decode_cached
from gateway.graph.rest.options import (
    Options,
    query_string,
    select_of,
    top_of,
    without_paging,
)
from gateway.graph.rest.reading import entity_cost, filter_of, requested_filter
from gateway.graph.rest.target import PreparedRequest, RequestTarget
from gateway.graph_json.writing import writer
from gateway.http.faults import Fault
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.changes import Change, ChangeSlice
from schema.context import Context
from schema.errors import CursorExpired
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Int64, Position, Slice, pack, unpack

CHANGE_COST = 2
"""The cost of a change, added to that of its operation, as in GraphQL."""
LATEST = "latest"
"""The ``$deltatoken`` of clients that only follow future changes."""


class FirstRoundPosition(
    Struct, array_like=True, tag="begun", frozen=True, forbid_unknown_fields=True
):
    """A position in the first round: the last operation that was read."""

    since: Position
    last: Int64


class EndPosition(Struct, frozen=True):
    """The end of the change log."""


class LogPosition(Struct, array_like=True, tag="since", frozen=True, forbid_unknown_fields=True):
    """A position in the change log."""

    position: Position


_TOKEN_TYPES: Any = FirstRoundPosition | LogPosition


async def get(target: RequestTarget, options: Options, _request: Request) -> PreparedRequest:
    """Return a page of the first round, or of the changes since a position."""
    select, limit = _selected(options), _limit(target, options)
    position = _position_of(options)
    page = _Page(target, without_paging(options), select, limit)

    async def run(context: Context) -> Response:
        if isinstance(position, EndPosition):
            return target.page(page.last([], await context.log.position()))
        if isinstance(position, LogPosition):
            return target.page(await page.changes(position, context))
        return target.page(await page.operations(position, context))

    cost = READ + limit * (
        entity_cost(select) + (CHANGE_COST if isinstance(position, LogPosition) else 0)
    )
    return PreparedRequest(cost, run)


def _selected(options: Options) -> frozenset[str] | None:
    """Return the selected properties and the id, which identifies a changed operation."""
    select = select_of(options)
    return None if select is None else select | {"id"}


def _limit(target: RequestTarget, options: Options) -> int:
    top, preferred = top_of(options), target.preferences.max_page_size
    if top == 0:
        raise Fault(400, "$top is 0. Give 1 or more.", target="$top")
    limits = [limit for limit in (top, preferred) if limit] or [DEFAULT_PAGE_SIZE]
    return min(*limits, MAX_PAGE_SIZE)


def _position_of(options: Options) -> FirstRoundPosition | LogPosition | EndPosition | None:
    """Return the position of a page; None is the beginning of the first round."""
    if "$skiptoken" in options and "$deltatoken" in options:
        raise Fault(400, "Both $skiptoken and $deltatoken are given. Use the links unchanged.")
    for name in ("$skiptoken", "$deltatoken"):
        token = options.get(name)
        if name == "$deltatoken" and token == LATEST:
            return EndPosition()
        if token is not None:
            position: FirstRoundPosition | LogPosition = unpack(token, _TOKEN_TYPES, name)
            return position
    return None


class _Page:
    """Writes a page, with its link to the next."""

    def __init__(
        self, target: RequestTarget, options: Options, select: frozenset[str] | None, limit: int
    ) -> None:
        self._target = target
        self._options = options
        self._write = writer(target.entity_format(select))
        self._context = target.context_url(select, "/$delta")
        self._limit = limit

    async def operations(
        self, position: FirstRoundPosition | None, context: Context
    ) -> dict[str, Any]:
        """Return a page of the first round."""
        where = filter_of(requested_filter(self._target.address.call_id, {}))
        part = Slice(self._limit, after=(position.last,) if position else None)
        page = await context.store.page(where, (), part)
        since = position.since if position else page.position
        value = [decode_cached(self._write, one.document) for one in page.operations]
        if not page.more:
            return self.last(value, since)
        (last,) = page.keys[-1]
        assert isinstance(last, int)  # noqa: S101  the only key of the order by creation
        return self._payload(value, "nextLink", "$skiptoken", FirstRoundPosition(since, last))

    async def changes(self, position: LogPosition, context: Context) -> dict[str, Any]:
        """Return the current versions of the operations that were changed since a position."""
        where = filter_of(requested_filter(self._target.address.call_id, {}))
        try:
            page = await context.log.changes(
                where, ChangeSlice(self._limit, position.position, "$deltatoken")
            )
        except CursorExpired as expired:
            raise Fault(
                410,
                "The $deltatoken is older than the change log, or of another database. Read all "
                "operations again, from the Location of this response.",
                code=expired.code,
                headers={"Location": self._url({})},
            ) from None
        newest = {change.operation_id: change for change in page.changes}
        value = [self._changed(change) for change in newest.values()]
        if page.more:
            return self._payload(value, "nextLink", "$skiptoken", LogPosition(page.end))
        return self.last(value, page.end)

    def last(self, value: list[Any], position: Position) -> dict[str, Any]:
        """Return the last page of a round."""
        return self._payload(value, "deltaLink", "$deltatoken", LogPosition(position))

    def _changed(self, change: Change) -> object:
        """Return the current version of an operation, or that it was removed from the list."""
        operation, call_id = change.operation, self._target.address.call_id
        if operation is None:
            return {"@removed": {"reason": "deleted"}, "id": change.operation_id}
        if call_id not in {None, operation.call_id}:
            return {"@removed": {"reason": "changed"}, "id": change.operation_id}
        return decode_cached(self._write, operation.document)

    def _payload(
        self, value: list[Any], link: str, option: str, position: Struct
    ) -> dict[str, Any]:
        payload = {} if self._context is None else {"@odata.context": self._context}
        url = self._url({option: pack(position)})
        return {**payload, f"@odata.{link}": url, "value": value}

    def _url(self, position: dict[str, str]) -> str:
        query = query_string({**self._options, **position})
        path = f"{self._target.root}{self._target.address.collection}/delta"
        return f"{path}?{query}" if query else path
