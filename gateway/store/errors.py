"""Reasons why a database cannot be used.

    UnusableDatabaseError       a file that this version of the gateway must not or cannot use
    ├── BusyDatabaseError       others are writing to it, and did not come to an end
    └── MovedDatabaseError      it is not in its place any more
        └── ReplacedDatabaseError   and another file is

The command line tells them as they are, a client that the gateway is overloaded or has failed.
"""


class UnusableDatabaseError(Exception):
    """A database that this version of the gateway must not or cannot use."""


class BusyDatabaseError(UnusableDatabaseError):
    """A database that others kept writing to for as long as was waited. Nothing was changed."""


class MovedDatabaseError(UnusableDatabaseError):
    """A database whose file is not the one that was opened."""


class ReplacedDatabaseError(MovedDatabaseError):
    """A database that has another file in its place."""
