"""Errors of a database that cannot be used.

    UnusableDatabaseError           this version of the gateway must not or cannot use it
    ├── BusyDatabaseError           others were writing to it for too long
    └── MovedDatabaseError          its file was removed or renamed
        └── ReplacedDatabaseError   another file is at its path

Commands print their messages; clients receive OVERLOADED or INTERNAL_SERVER_ERROR.
"""


class UnusableDatabaseError(Exception):
    """A database that this version of the gateway must not or cannot use."""


class BusyDatabaseError(UnusableDatabaseError):
    """Others were writing to the database until a time limit. Nothing was changed."""


class MovedDatabaseError(UnusableDatabaseError):
    """The file that was opened is no longer at the path of the database."""


class ReplacedDatabaseError(MovedDatabaseError):
    """Another file is at the path of the database."""
