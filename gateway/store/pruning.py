"""Pruning of the change log, a few changes at a time between the writes of clients."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gateway.store.retention import ChangeSizes
from schema.errors import RequestError

logger = logging.getLogger(__name__)

BATCH_SIZE = 200
"""How many changes are deleted at once."""
INTERVAL_SECONDS = 10.0
"""How often to check whether there is something to prune."""
PAUSE_FACTOR = 4
"""The pause between two batches in multiples of a batch's duration, to leave time for writes."""


async def prune_regularly(prune: Callable[[datetime], Awaitable[int]], sizes: ChangeSizes) -> None:
    """Prune the change log at intervals, until cancelled.

    ``prune`` is called with the current time, deletes at most ``BATCH_SIZE`` changes, and returns
    how many it deleted.
    """
    time = asyncio.get_running_loop().time
    while True:
        began, pause = time(), INTERVAL_SECONDS
        try:
            pruned = await prune(datetime.now(UTC))
            if pruned == BATCH_SIZE or not sizes.complete:
                pause = (time() - began) * PAUSE_FACTOR
        except RequestError:
            pass  # the log has the reason already
        except Exception:
            logger.exception("The change log could not be pruned; trying again.")
        await asyncio.sleep(pause)
