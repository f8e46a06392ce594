"""The columns of an operation that are derived from its document when it is written."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from gateway.store.documents import Document, identities_in
from gateway.store.tables import IDENTITY_KIND_BITS, NO_IDENTITY, OTHER_IDENTITY, STATUS_RANKS

COLUMNS = (
    "id",
    "call_id",
    "client_context",
    "status",
    "result_code",
    "result_subcode",
    "result_message",
    "result_diag_code",
    "participant_count",
    "identity_kinds",
    "version",
    "created_at",
    "updated_at",
    "ended_at",
    "duration",
)
"""The columns that both databases have."""

_DIAG_CODE = re.compile(r"DiagCode:\s*(\d+#\d+)", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)


def columns(document: Document) -> tuple[Any, ...]:
    """Return the values of ``COLUMNS``."""
    result = document.get("resultInfo") or {}
    created_at, ended_at = document["createdAt"], document.get("endedAt")
    return (
        document["id"],
        document.get("callId"),
        document.get("clientContext"),
        STATUS_RANKS[document["status"]],
        result.get("code"),
        result.get("subcode"),
        result.get("message"),
        diag_code(result.get("message")),
        len(document["participants"]),
        identity_kinds(document["participants"]),
        document["version"],
        created_at,
        document["updatedAt"],
        ended_at,
        duration(created_at, ended_at),
    )


def diag_code(message: str | None) -> str | None:
    """Return the diagnostic code in a result's message, such as ``412#10073``, or None."""
    found = _DIAG_CODE.search(message or "")
    return found and found[1]


def identity_kinds(participants: Iterable[Document]) -> int:
    """Return the kinds of identities among participants, as the bits of a number."""
    bits = 0
    for participant in participants:
        for kind, _ in identities_in(participant["identity"]):
            bits |= IDENTITY_KIND_BITS.get(kind, OTHER_IDENTITY)
    return bits or NO_IDENTITY


def duration(created_at: str, ended_at: str | None) -> int | None:
    """Return the time between two times in microseconds, or None if the second is not known."""
    if ended_at is None:
        return None
    return (datetime.fromisoformat(ended_at) - datetime.fromisoformat(created_at)) // _MICROSECOND
