"""The store by its port, where HTTP cannot choose the moment."""

import asyncio
from pathlib import Path

from gateway.store.migrate import upgrade
from gateway.store.sqlite.store import open_sqlite_store
from schema.inputs import CreateInviteParticipantsOperationInput


async def test_closing_carries_out_a_write_asked_for_at_that_moment(tmp_path: Path) -> None:
    upgrade(tmp_path / "operations.db")
    async with open_sqlite_store(tmp_path / "operations.db") as store:
        write = asyncio.create_task(store.create(CreateInviteParticipantsOperationInput(id="last")))
        await asyncio.sleep(0)  # the write is asked for, and nobody has taken it up yet

    assert (await write).operation.id == "last"
