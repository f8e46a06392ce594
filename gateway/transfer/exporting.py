"""Export of all operations."""

from collections.abc import AsyncIterator
from dataclasses import replace

from schema.errors import LimitExceeded
from schema.paging import MAX_PAGE_SIZE, Slice
from schema.ports import OperationStore


async def exported_lines(store: OperationStore) -> AsyncIterator[bytes]:
    """Yield every operation as a line of JSON, oldest first."""
    part = Slice(limit=MAX_PAGE_SIZE, backward=True)
    more = True
    while more:
        try:
            page = await store.page(None, (), part)
        except LimitExceeded:
            if part.limit == 1:
                raise
            part = replace(part, limit=part.limit // 2)
            continue
        for operation in reversed(page.operations):
            yield operation.document + b"\n"
        more = page.more
        if more:
            part = replace(part, before=page.keys[0])
