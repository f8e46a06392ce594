"""Reports on operations by Microsoft Graph, and the changes that follow from them.

Reports are delivered more than once, in any order, possibly late. So the stage of the operation
decides, not the order of arrival: an operation that has ended does not return to an earlier
status, and a report of an earlier stage adds only fields that have no value yet.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from gateway.store.documents import Document

_GUID = re.compile(
    r"(\{)?[0-9a-f]{8}(-?)[0-9a-f]{4}(\2[0-9a-f]{4}){2}\2[0-9a-f]{12}(?(1)\})", re.IGNORECASE
)
_STAGES = {"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 2}


@dataclass(frozen=True)
class Report:
    """A report on one operation.

    ``content`` has the reported fields of its document, including ``status`` if it is known.
    """

    operation_id: str | None
    call_id: str | None
    content: Document = field(default_factory=dict)

    @property
    def client_context(self) -> str | None:
        """The client context, if it is reported."""
        context: str | None = self.content.get("clientContext")
        return context


class Outcome(Enum):
    """The outcome of a report."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """It has nothing new, or is on an operation that was deleted."""
    UNMATCHED = "unmatched"
    """It has no operation's id, and its call and client context do not identify exactly one."""


@dataclass(frozen=True)
class Applied:
    """The outcomes of reports, and whether their request was queued to be forwarded."""

    outcomes: list[Outcome]
    is_queued: bool = False


def canonical(text: str) -> str:
    """Return a GUID with dashes, in lower case and without braces; any other id as it is."""
    return str(UUID(text)) if _GUID.fullmatch(text) else text


def forms(text: str) -> tuple[str, ...]:
    """Return the spellings of an id that may be stored, the canonical one first."""
    dashed = canonical(text)
    if not _GUID.fullmatch(text):
        return (text,)
    bare = dashed.replace("-", "")
    return tuple(dict.fromkeys((dashed, text, dashed.upper(), bare, bare.upper())))


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
