"""``invite-gateway import`` and ``export``."""

import asyncio
import os
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from gateway.cli.targets import ReplaceOption, completed
from gateway.cli.terminal import (
    DatabaseOption,
    errors,
    fail,
    progress,
    reporting_database_errors,
    settings_from,
)
from gateway.store.documents import Put
from gateway.store.interface import Database
from gateway.store.opening import database_of
from gateway.transfer.exporting import exported_lines
from gateway.transfer.importing import import_items
from gateway.transfer.reading import read_items

STANDARD = "-"


def import_file(
    file: Annotated[str, typer.Argument(help="The file to read; - is standard input.")],
    database: DatabaseOption = None,
) -> None:
    """Import the operations in a file into the database.

    The file has one JSON object a line, or one array, or one object. Each is an operation, in the
    gateway's own form or in Microsoft Graph's, or has notifications of Microsoft Graph. An existing
    operation is replaced; importing a file again changes nothing. What cannot be imported is
    reported with its line, and the exit status is 1; the rest is imported nevertheless.

    Example: invite-gateway import operations.ndjson
    """
    target = database_of(settings_from(database=database))
    with reporting_database_errors():
        target.upgrade()
    with _source(file) as source, reporting_database_errors():
        done, problems = asyncio.run(_import(file, source, target))
        target.tune()
    errors.print(
        f"Imported {done.total():,}: {done[Put.CREATED]:,} created, {done[Put.UPDATED]:,} changed, "
        f"{done[Put.UNCHANGED]:,} unchanged. Not imported: {problems:,}."
    )
    if problems:
        raise typer.Exit(1)


async def _import(file: str, source: BinaryIO, database: Database) -> tuple[Counter[Put], int]:
    problems = 0

    def report(problem: str) -> None:
        nonlocal problems
        problems += 1
        errors.print(f"{file}: {problem}", markup=False)

    size = None if file == STANDARD else os.fstat(source.fileno()).st_size
    with progress() as bar:
        task = bar.add_task("Importing", total=size)
        counted = source if size is None else bar.wrap_file(source, task_id=task)
        buffered = BufferedReader(cast("BufferedReader", counted))
        is_utf_16 = buffered.peek(2)[:2] in {BOM_UTF16_LE, BOM_UTF16_BE}  # Windows PowerShell's
        # Only a line feed ends a line. Invalid UTF-8 makes its own line invalid, and no other.
        text = TextIOWrapper(
            buffered,
            encoding="utf-16" if is_utf_16 else "utf-8",
            errors="surrogateescape",
            newline="\n",
        )
        async with database.open() as store:
            return await import_items(read_items(text), store, report), problems


@contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115  closed below
    except OSError as error:
        fail(f"Cannot read {file}: {error.strerror}.")
    with source:
        yield source


def export_file(
    file: Annotated[str, typer.Argument(help="The file to write; - is standard output.")],
    database: DatabaseOption = None,
    *,
    replace: ReplaceOption = False,
) -> None:
    """Export all operations to a file, one JSON object a line, oldest first.

    The file is created only when it is complete. The command import restores it, with times and
    versions.

    Example: invite-gateway export operations.ndjson
    """
    source = database_of(settings_from(database=database))
    with reporting_database_errors():
        source.require()
    with _target(file, source.file, replace=replace) as target, reporting_database_errors():
        count = asyncio.run(_export(target, source))
    errors.print(f"Exported {count:,}.")


async def _export(target: BinaryIO, database: Database) -> int:
    count = 0
    async with database.open() as store:
        with progress() as bar:
            task = bar.add_task("Exporting", total=await store.count(None))
            async for line in exported_lines(store):
                target.write(line)
                bar.advance(task)
                count += 1
    return count


@contextmanager
def _target(file: str, database: Path | None, *, replace: bool) -> Iterator[BinaryIO]:
    """Open the target; a file gets its name only when it is complete."""
    try:
        if file == STANDARD:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        if _is_device(Path(file)):
            with Path(file).open("wb") as device:
                yield device
            return
        with completed(Path(file), database, replace=replace) as part, part.open("xb") as target:
            yield target
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        raise typer.Exit(1) from None
    except OSError as error:
        fail(f"Cannot write {file}: {error.strerror}.")


def _is_device(file: Path) -> bool:
    return file.exists() and not file.is_file() and not file.is_dir()
