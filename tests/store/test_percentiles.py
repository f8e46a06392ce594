"""Percentiles of many durations in SQLite."""

import random
import sqlite3
from contextlib import closing

import pytest

from gateway.store.overdue import Overdue
from gateway.store.queries import Queries
from gateway.store.sqlite import pages
from gateway.store.sqlite.compiler import compiled
from gateway.store.sqlite.percentiles import CHUNK, percentiles
from gateway.store.sqlite.reads import FetchGroups
from schema.errors import LimitExceeded


@pytest.mark.parametrize("count", [1, 2, 20, 21, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
@pytest.mark.parametrize("highest", [3, 10**15])
def test_percentiles_are_of_the_nearest_rank(count: int, highest: int) -> None:
    chance = random.Random(count)  # noqa: S311  the same numbers each time, not a secret
    numbers = [chance.randint(-highest, highest) for _ in range(count)]
    found = percentiles(",".join(map(str, numbers)).encode())

    ordered = sorted(numbers)
    assert found == (ordered[(count + 1) // 2 - 1], ordered[(19 * count + 19) // 20 - 1])


def test_group_with_too_many_durations_is_refused() -> None:
    query = Queries(compiled, Overdue(), pages.select_page).groups((), None, 1, with_duration=True)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE operations (duration, created_at)")
        connection.executemany("INSERT INTO operations VALUES (?, '')", [(n,) for n in range(1000)])
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 3_000)
        with pytest.raises(LimitExceeded, match="by a shorter time"):
            FetchGroups((), query)(connection)
