"""From the store into a file."""

from collections.abc import AsyncIterator

from schema.paging import MAX_PAGE_SIZE, Slice
from schema.ports import OperationStore


async def exported_lines(store: OperationStore) -> AsyncIterator[bytes]:
    """Give every operation as a line of JSON, the oldest first."""
    part = Slice(limit=MAX_PAGE_SIZE, backward=True)
    more = True
    while more:
        page = await store.page(None, (), part)
        for operation in reversed(page.operations):
            yield operation.document + b"\n"
        more = page.more
        if more:
            part = Slice(limit=MAX_PAGE_SIZE, backward=True, before=page.keys[0])
