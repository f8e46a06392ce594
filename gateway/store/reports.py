"""Reports on operations by Microsoft Graph, and the changes that follow from them.

Reports are delivered more than once, in any order, possibly late. So the stage of the operation
decides, not the order of arrival: an operation that has ended does not return to an earlier
status, and a report of an earlier stage adds only fields that have no value yet.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from gateway.store.documents import Document

_GUID = re.compile(
    r"(\{)?[0-9a-f]{8}(-?)[0-9a-f]{4}(\2[0-9a-f]{4}){2}\2[0-9a-f]{12}(?(1)\})", re.IGNORECASE
)
_STAGES = {"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 2}


class Report(Struct, frozen=True):
    """A report on one operation.

    ``content`` has the reported fields of its document, including ``status`` if it is known.
    """

    operation_id: str | None
    call_id: str | None
    content: Document = {}

    @property
    def client_context(self) -> str | None:
        """The client context, if it is reported."""
        context: str | None = self.content.get("clientContext")
        return context


class Outcome(StrEnum):
    """The outcome of a report."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """It has nothing new, or is on an operation that was deleted."""
    UNMATCHED = "unmatched"
    """It has no operation's id, and its call and client context do not identify exactly one."""


class Applied(Struct, frozen=True):
    """The outcomes of reports, and whether their request was queued to be forwarded."""

    outcomes: list[Outcome]
    is_queued: bool = False


def is_guid(text: str) -> bool:
    """Return whether a text is a GUID, with or without dashes and braces."""
    return _GUID.fullmatch(text) is not None


def canonical(text: str) -> str:
    """Return a GUID with dashes, in lower case and without braces; any other id as it is."""
    if not is_guid(text):
        return text
    bare = text.strip("{}").replace("-", "").lower()
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


def forms(text: str) -> Iterator[str]:
    """Yield the ways in which an id may be written, its canonical form first."""
    dashed = canonical(text)
    yield dashed
    if is_guid(text):
        bare = dashed.replace("-", "")
        others = dict.fromkeys((text, dashed.upper(), bare, bare.upper()))
        yield from (form for form in others if form != dashed)


def new_document(report: Report) -> Document:
    """Return the fields of a new operation from its first report, which has its id."""
    assert report.operation_id is not None  # noqa: S101  see above
    call = {} if report.call_id is None else {"callId": canonical(report.call_id)}
    return {**report.content, **call, "id": canonical(report.operation_id)}


def reported_changes(document: Document, report: Report) -> Document:
    """Return the fields that a report sets in an operation, even if to the same value."""
    said = {name: value for name, value in report.content.items() if value not in ({}, [])}
    status: str = said.get("status") or document["status"]
    is_stale = _STAGES[status] < _STAGES[document["status"]]
    known = {name for name, value in document.items() if value != []} if is_stale else set()
    changes = {name: value for name, value in said.items() if name not in known}
    if "additionalProperties" in said:
        before, new = document.get("additionalProperties", {}), said["additionalProperties"]
        changes["additionalProperties"] = new | before if is_stale else before | new
    if report.call_id is not None and "callId" not in document:
        changes["callId"] = canonical(report.call_id)
    return changes
