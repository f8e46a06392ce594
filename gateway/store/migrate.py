"""The revisions of the tables, and what they mean, for every database."""

import secrets
from enum import Enum
from pathlib import Path

from gateway.store.errors import UnusableDatabaseError

REVISIONS = [
    file.stem[1:5] for file in sorted(Path(__file__).parent.glob("migrations/versions/v*.py"))
]
"""The revisions that migrations lead to, the newest last: the number in each file name."""

COPY_MARK = "copy "
"""The start of the revision of a database that is an unfinished copy of another one."""


class DatabaseState(Enum):
    """The state of the tables of a database, compared to those that this version needs."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"
    UNFINISHED = "unfinished"


def new_log_id() -> int:
    """Return a new, unique id for a change log."""
    return 1 + secrets.randbits(32)


def state_of(revision: str) -> DatabaseState:
    """Return the state of the gateway's tables, by their revision."""
    if revision == REVISIONS[-1]:
        return DatabaseState.CURRENT
    if revision.startswith(COPY_MARK):
        return DatabaseState.UNFINISHED
    return DatabaseState.OLDER if revision in REVISIONS else DatabaseState.NEWER


def refuse_unfinished(name: str, state: DatabaseState) -> None:
    """Raise ``UnusableDatabaseError`` for an unfinished copy."""
    if state is DatabaseState.UNFINISHED:
        raise UnusableDatabaseError(
            f"The database {name} is an unfinished copy of another one. Run the same "
            "`invite-gateway copy` again: it goes on from where it stopped."
        )
