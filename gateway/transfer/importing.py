"""From a file into the store."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from gateway.store.documents import Put
from gateway.store.interface import Store
from gateway.transfer.operation import document
from gateway.transfer.reading import Item

AT_ONCE = 500


async def import_items(
    items: Iterable[Item], store: Store, report: Callable[[str], None]
) -> Counter[Put]:
    """Put every operation into the store and count what that did.

    An item that is no operation is told to ``report``, and hinders no other.
    """
    done: Counter[Put] = Counter()
    remaining = iter(items)
    while batch := list(islice(remaining, AT_ONCE)):
        found = [found for item in batch if (found := _document(item, report)) is not None]
        done.update(await asyncio.gather(*(store.put(document) for document in found)))
    return done


def _document(item: Item, report: Callable[[str], None]) -> dict[str, Any] | None:
    if item.problem is None:
        try:
            return document(item.value)
        except ValueError as error:
            report(f"{item.where}: {error}")
    else:
        report(f"{item.where}: {item.problem}")
    return None
