"""A metric of overdue operations, counted at intervals, since counting reads the database."""

import asyncio
import logging
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.telemetry.families import gauge
from schema.errors import RequestError
from schema.filters import InviteParticipantsOperationFilter
from schema.ports import OperationStore

logger = logging.getLogger(__name__)

COUNTED_EVERY = 10.0
"""In seconds."""

_OVERDUE = InviteParticipantsOperationFilter.model_validate({"overdue": True})


class OverdueMetrics(Collector):
    """Reads the last count of overdue operations."""

    def __init__(self, store: OperationStore) -> None:
        self._store = store
        self._count = 0

    async def run(self) -> None:
        """Count overdue operations at intervals, until cancelled."""
        while True:
            try:
                self._count = await self._store.count(_OVERDUE)
            except RequestError:
                pass  # the log has the reason already
            except Exception:
                logger.exception("The overdue operations could not be counted; trying again.")
            await asyncio.sleep(COUNTED_EVERY)

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        yield gauge(
            "overdue_operations",
            "Operations that have not ended after `overdue-seconds`, in the whole store.",
            (),
            {(): self._count},
        )
