"""``invite-gateway copy``."""

import asyncio
from typing import Annotated

import typer

from gateway.cli.terminal import database_from, errors, fail, progress, reporting_database_errors
from gateway.store.copying import CopiedTable
from gateway.store.errors import UnusableDatabaseError
from gateway.store.interface import Database
from gateway.store.migrate import DatabaseState
from gateway.transfer.copying import Advance, copy


def copy_database(
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="URL", help="The database to copy; only read.")
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database, or a new file.")
    ],
) -> None:
    """Copy a database to another one, of SQLite or PostgreSQL, with its change log.

    Stop the gateways that write to it first; during the copy they cannot write. Cursors, ETags and
    idempotency keys stay valid in the copy. If the command is interrupted, run it again: it resumes
    where it stopped. The copy is verified at the end, and cannot be served before.

    Example: invite-gateway copy --from sqlite:///operations.db --to postgresql://user@host/name
    """
    old, new = database_from(source, "--from"), database_from(target, "--to")
    if source == target or (old.file and new.file and old.file.resolve() == new.file.resolve()):
        fail(f"{old.name} is both the source and the target. Name another target.")
    with reporting_database_errors():
        old.require()
        _prepare(new)
        counts = asyncio.run(_copy(old, new))
        new.tune()
    errors.print(
        f"Copied {old.name} to {new.name}, and verified it: "
        f"{counts[CopiedTable.OPERATIONS]:,} operations, {counts[CopiedTable.CHANGES]:,} changes, "
        f"{counts[CopiedTable.IDEMPOTENCY_KEYS]:,} idempotency keys, "
        f"{counts[CopiedTable.FORWARDS]:,} notifications to forward.",
        markup=False,
    )


def _prepare(target: Database) -> None:
    """Create the tables of the target unless they exist."""
    match target.state():
        case DatabaseState.UNFINISHED:
            return
        case DatabaseState.OLDER:
            raise UnusableDatabaseError(
                f"The database {target.name} has tables of an older version of the gateway. Name "
                "an empty target."
            )
        case _:
            target.upgrade()


async def _copy(source: Database, target: Database) -> dict[CopiedTable, int]:
    with progress() as bar:

        def begin(step: str, total: int) -> Advance:
            task = bar.add_task(step, total=total)
            return lambda count: bar.advance(task, count)

        return await copy(source, target, begin)
