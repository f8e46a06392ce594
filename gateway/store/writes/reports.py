"""Applying reports of Microsoft Graph to operations."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.store import documents
from gateway.store.forwards import Forward
from gateway.store.reports import (
    Applied,
    Outcome,
    Report,
    forms,
    new_document,
    reported_changes,
)
from gateway.store.writes.rows import Row, Rows
from schema.scalars import date_time


class Reports(Struct, frozen=True):
    """Reports to be applied in order, and the request to ``forward``, if any.

    An unknown operation is created; one that was deleted here, only if ``recreates``.
    """

    reports: Sequence[Report]
    recreates: bool
    forward: Forward | None
    max_forwards: int

    def apply(self, rows: Rows, now: datetime) -> Applied:
        """Apply the reports and return their outcomes."""
        outcomes = [_apply(rows, report, now, recreates=self.recreates) for report in self.reports]
        forward, limit = self.forward, self.max_forwards
        return Applied(outcomes, forward is not None and rows.enqueue(forward, limit, now))


def _apply(rows: Rows, report: Report, now: datetime, *, recreates: bool) -> Outcome:
    row = _find(rows, report)
    at = date_time(now)
    if row is not None:
        document = documents.read(row.operation)
        changed = documents.changed(document, reported_changes(document, report), at)
        if changed is None:
            return Outcome.UNCHANGED
        rows.overwrite(row, changed, at)
        return Outcome.UPDATED
    if report.operation_id is None:
        return Outcome.UNMATCHED
    if not recreates and rows.was_deleted([*forms(report.operation_id)]):
        return Outcome.UNCHANGED
    rows.insert(documents.first_version(new_document(report), at), at)
    return Outcome.CREATED


def _find(rows: Rows, report: Report) -> Row | None:
    """Find an operation by its id or, without one, by its call and client context."""
    if report.operation_id is not None:
        return next(filter(None, map(rows.find, forms(report.operation_id))), None)
    if report.call_id is None or report.client_context is None:
        return None
    found = rows.find_in_call([*forms(report.call_id)], [*forms(report.client_context)])
    return found[0] if len(found) == 1 else None
