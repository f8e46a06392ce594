"""Failures of a database in use: what clients receive, and what is logged.

A client learns what is wrong in general, and whether to send the request again. The log has the
database, the cause and what to do, repeated once a minute while the failure lasts.
"""

import logging
from time import monotonic
from typing import NamedTuple

from schema.errors import Broken, Overloaded, TimedOut

logger = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 60.0
"""How often a failure that lasts is logged."""


class Failure(NamedTuple):
    """What is wrong, for clients, and what to do about it, for operators."""

    what: str
    advice: str
    passes: bool = True
    """Whether the same database may become usable again."""


class Access(NamedTuple):
    """Messages about reads or about writes."""

    done: str
    """The participle, as in "The database cannot be read"."""
    advice: str
    """What a client should do after a failure."""
    late: str
    """The message of an operation that took longer than ``seconds``."""


READ = Access(
    "read",
    "Send the request again later.",
    "The operation took longer than the limit of {seconds:g} s, and was stopped. Ask for less at "
    "once: use a narrower filter, fewer fields, or a cursor instead of an offset.",
)
WRITE = Access(
    "written",
    "Nothing was changed. Send the request again later.",
    "The change could not be started within the limit of {seconds:g} s for an operation. Nothing "
    "was changed. Send the request again.",
)


class FailureReporter:
    """Logs failures of a database, and makes the errors that clients receive."""

    def __init__(self, name: str, access: Access) -> None:
        self._name = name
        self._access = access
        self._logged_at: dict[Failure, float] = {}

    def late(self, seconds: float) -> TimedOut:
        """Return the error of an operation that took too long."""
        return TimedOut(self._access.late.format(seconds=seconds), seconds=seconds)

    def report(self, failure: Failure, cause: str) -> Overloaded | Broken:
        """Log a failure, and return the error that a client receives."""
        now = monotonic()
        if now - self._logged_at.get(failure, -LOG_INTERVAL_SECONDS) >= LOG_INTERVAL_SECONDS:
            self._logged_at[failure] = now
            logger.error(
                "The database %s cannot be %s: %s (%s). %s",
                self._name,
                self._access.done,
                failure.what,
                cause,
                failure.advice,
            )
        message = f"The database cannot be {self._access.done}: {failure.what}."
        if failure.passes:
            return Overloaded(f"{message} {self._access.advice}")
        return Broken(f"{message} The operators of the gateway have to repair it.")

    def report_recovery(self) -> None:
        """Log that the failure is over."""
        self._logged_at.clear()
        logger.warning("The database %s can be %s again.", self._name, self._access.done)
