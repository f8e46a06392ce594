"""The pause between batches of writes, in which more writes are queued for the next batch.

The clients of a batch send their next writes when they are answered. Without a pause, the next
batch would begin with the writes that wait already, and the clients would stay divided into two
groups that take turns, with twice as many batches. A batch costs about as much CPU time as ten
writes, in addition to its own writes.
"""

import asyncio
from time import monotonic

ITERATIONS = 6
"""How many iterations of the event loop a pause lasts: in fewer, not all writes are queued."""
MAX_SECONDS = 0.005
"""How long it lasts at most, give or take an iteration, when the loop is busy with other requests.

Without this limit, updates took half as long again if 64 clients sent one among fifty reads.
"""


async def pause_after(count: int) -> None:
    """Pause after a batch of ``count`` writes, unless there was only one."""
    if count <= 1:
        return
    end = monotonic() + MAX_SECONDS
    for _ in range(ITERATIONS):
        await asyncio.sleep(0)
        if monotonic() > end:
            return
