"""Following operations: all there are, and then what has changed, out of the change log.

The first round reads the list page by page, from a place in the change log on that its links carry;
its last page links to the changes since that place, and so does the last page of each later round.
"""

from typing import Any

from msgspec import Struct

from gateway.documents.cost import READ
from gateway.execution.compiled.projections import decode_cached
from gateway.graph.rest.options import (
    Options,
    select_of,
    top_of,
    without_paging,
    written,
)
from gateway.graph.rest.reading import entity_cost, filter_of, requested_filter
from gateway.graph.rest.target import RequestTarget, Work
from gateway.graph_json.writing import writer
from gateway.http.faults import Fault
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.changes import Change, ChangeSlice
from schema.context import Context
from schema.errors import CursorExpired
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Int64, Position, Slice, pack, unpack

CHANGE = 2
"""What each change costs that may come, as in GraphQL."""
LATEST = "latest"
"""The ``$deltatoken`` of who wants nothing of what there is already."""


class Begun(Struct, array_like=True, tag="begun", frozen=True, forbid_unknown_fields=True):
    """A place in the first round: the list is read up to an operation."""

    since: Position
    last: Int64


class Latest(Struct, frozen=True):
    """The end of the change log."""


class Since(Struct, array_like=True, tag="since", frozen=True, forbid_unknown_fields=True):
    """A place in the change log."""

    position: Position


async def get(target: RequestTarget, options: Options, _request: Request) -> Work:
    """Read a page of the first round, or of the changes since a place."""
    select, limit = _selected(options), _limit(target, options)
    place = _place(options)
    page = _Page(target, without_paging(options), select, limit)

    async def run(context: Context) -> Response:
        if isinstance(place, Latest):
            return target.json(page.last([], await context.log.position()))
        if isinstance(place, Since):
            return target.json(await page.changes(place, context))
        return target.json(await page.operations(place, context))

    cost = READ + limit * (entity_cost(select) + (CHANGE if isinstance(place, Since) else 0))
    return Work(cost, run)


def _selected(options: Options) -> frozenset[str] | None:
    """Return the properties to write: the id always, without which a change is of nothing."""
    select = select_of(options)
    return None if select is None else select | {"id"}


def _limit(target: RequestTarget, options: Options) -> int:
    top, preferred = top_of(options), target.preferences.max_page_size
    if top == 0:
        raise Fault(400, "$top is 0. Give 1 or more.", target="$top")
    limits = [limit for limit in (top, preferred) if limit] or [DEFAULT_PAGE_SIZE]
    return min(*limits, MAX_PAGE_SIZE)


def _place(options: Options) -> Begun | Since | Latest | None:
    """Return where a page begins; None is the beginning of the first round."""
    if "$skiptoken" in options and "$deltatoken" in options:
        raise Fault(400, "Both $skiptoken and $deltatoken are given. Follow the links as they are.")
    for name in ("$skiptoken", "$deltatoken"):
        token = options.get(name)
        if name == "$deltatoken" and token == LATEST:
            return Latest()
        if token:
            place: Begun | Since = unpack(token, Begun | Since, name)  # type: ignore[arg-type]  # a union
            return place
    return None


class _Page:
    """What a page is written with, and its links to the next."""

    def __init__(
        self, target: RequestTarget, options: Options, select: frozenset[str] | None, limit: int
    ) -> None:
        self._target = target
        self._options = options
        self._write = writer(target.form(select))
        self._context = target.context_url(select, "/$delta")
        self._limit = limit

    async def operations(self, place: Begun | None, context: Context) -> dict[str, Any]:
        """Read a page of the first round."""
        where = filter_of(requested_filter(self._target.address.call_id, {}))
        part = Slice(self._limit, after=(place.last,) if place else None)
        page = await context.store.page(where, (), part)
        since = place.since if place else page.position
        value = [decode_cached(self._write, one.document) for one in page.operations]
        if not page.more:
            return self.last(value, since)
        (last,) = page.keys[-1]
        assert isinstance(last, int)  # noqa: S101  the only key of the order by creation
        return self._written(value, "nextLink", "$skiptoken", Begun(since, last))

    async def changes(self, place: Since, context: Context) -> dict[str, Any]:
        """Read what has changed since a place, of each operation only how it is now."""
        where = filter_of(requested_filter(self._target.address.call_id, {}))
        try:
            page = await context.log.changes(
                where, ChangeSlice(self._limit, place.position, "$deltatoken")
            )
        except CursorExpired as expired:
            raise Fault(
                410,
                "The $deltatoken is older than the change log, or of another database. Read "
                "everything again, from the Location of this answer on.",
                code=expired.code,
                headers={"Location": self._url({})},
            ) from None
        newest = {change.operation_id: change for change in page.changes}
        value = [self._changed(change) for change in newest.values()]
        if page.more:
            return self._written(value, "nextLink", "$skiptoken", Since(page.end))
        return self.last(value, page.end)

    def last(self, value: list[Any], position: Position) -> dict[str, Any]:
        """Return the last page of a round."""
        return self._written(value, "deltaLink", "$deltatoken", Since(position))

    def _changed(self, change: Change) -> object:
        """Write an operation as it is now, or that it is not there any more."""
        operation, call_id = change.operation, self._target.address.call_id
        if operation is None:
            return {"@removed": {"reason": "deleted"}, "id": change.operation_id}
        if call_id not in {None, operation.call_id}:
            return {"@removed": {"reason": "changed"}, "id": change.operation_id}
        return decode_cached(self._write, operation.document)

    def _written(self, value: list[Any], link: str, option: str, place: Struct) -> dict[str, Any]:
        payload = {} if self._context is None else {"@odata.context": self._context}
        url = self._url({option: pack(place)})
        return {**payload, f"@odata.{link}": url, "value": value}

    def _url(self, place: dict[str, str]) -> str:
        query = written({**self._options, **place})
        path = f"{self._target.root}{self._target.address.collection}/delta"
        return f"{path}?{query}" if query else path
