"""Import of operations and notifications."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from gateway.graph.notifications.reading import (
    NOT_FOUND,
    Ignored,
    ReadResult,
    Unusable,
    is_notification,
    read_notification,
)
from gateway.store.documents import Put
from gateway.store.interface import Store
from gateway.store.reports import Outcome, Report
from gateway.transfer.operation import document
from gateway.transfer.reading import Item

BATCH_SIZE = 500


async def import_items(
    items: Iterable[Item], store: Store, report: Callable[[str], None]
) -> Counter[Put]:
    """Store operations and apply notifications; return how many had which effect.

    ``report`` is called with the problem of an item that cannot be imported.
    """
    done: Counter[Put] = Counter()
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_SIZE)):
        writes = [write for item in batch for write in _writes(item, store, report)]
        done.update(filter(None, await asyncio.gather(*writes)))
    return done


Write = Awaitable[Put | None]
"""A write, with its effect; None if there was none."""


def _writes(item: Item, store: Store, report: Callable[[str], None]) -> Iterator[Write]:
    """Yield the writes of an item."""
    if item.problem is not None:
        report(f"{item.where}: {item.problem}")
    elif is_notification(item.value):
        for read in read_notification(item.value):
            yield _apply(read, store, partial(_report_problem, item, report))
    else:
        try:
            yield store.put(document(item.value))
        except ValueError as error:
            _report_problem(item, report, str(error))


def _report_problem(item: Item, report: Callable[[str], None], problem: str) -> None:
    report(f"{item.where}: {problem}")


async def _apply(read: ReadResult, store: Store, report: Callable[[str], None]) -> Put | None:
    match read:
        case Unusable(reason=reason):
            report(reason)
        case Ignored(kind=kind):
            report(f"it is of a {kind}, and only invitations are kept")
        case Report():
            (outcome,) = (await store.apply([read], recreates=True)).outcomes
            if outcome is not Outcome.UNMATCHED:
                return Put(outcome.value)
            report(NOT_FOUND)
    return None
