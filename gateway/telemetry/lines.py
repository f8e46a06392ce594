"""A line in the log for each request, and for each operation on a WebSocket.

It has what is needed to find a request again and to see how it went, and of a client's words only
names, escaped: no variables, no token, no document, no path with its parameters.
"""

import logging
from functools import lru_cache
from time import time

import msgspec

from gateway.documents.operation_info import OperationInfo
from gateway.http.observing import Observation
from gateway.logs import Logs
from gateway.logs.styles import at, shown

FAILED = 500
"""The status from which on a line is a warning."""


class RequestLines:
    """Writes a line for what it is told of, if messages of its level are logged."""

    def __init__(self, logs: Logs) -> None:
        style = logs.style
        self._write = logs.lines.write
        self._all = logs.level <= logging.INFO
        self._failed = logs.level <= logging.WARNING
        self._info, self._warning = style.level(logging.INFO), style.level(logging.WARNING)
        self._start = (
            style.head("request")
            + style.word("request_id")
            + style.word("transport")
            + style.value("milliseconds", "%.3f")
        )
        self._http = style.word("method") + style.value("path") + style.value("status", "%d")
        self._document = style.word("document")
        self._type, self._name = style.word("type"), style.word("operation")
        self._cost, self._events = style.value("cost", "%d"), style.value("events", "%d")
        self._principal, self._errors = style.value("principal"), style.value("errors")
        self._closed, self._trace = style.value("closed", "%d"), style.word("trace")
        self._end = style.end
        self._same = lru_cache(1_000)(self._of_all_alike)

    def __call__(self, observation: Observation) -> None:
        """Write it."""
        failed = observation.status >= FAILED
        if not (self._all or (failed and self._failed)):
            return
        principal, head = observation.principal, observation.head
        line = self._start % (
            at(time()),
            self._warning if failed else self._info,
            observation.request_id,
            observation.transport,
            observation.seconds * 1000,
        )
        http: tuple[str, str, int] | None = None
        if (
            observation.route and observation.is_request
        ):  # there are keys in its path, so that few are alike
            line += self._of_http(head.method, head.encoded_path, observation.status)
        elif observation.is_request:
            http = (head.method, head.encoded_path, observation.status)
        line += self._same(http, observation.info, principal and principal.name)
        if observation.is_unusual:
            line += self._rest(observation)
        self._write(line + self._end)

    def _of_all_alike(
        self, http: tuple[str, str, int] | None, info: OperationInfo | None, principal: str | None
    ) -> str:
        """Write what stays the same for all requests of a kind."""
        written = ""
        if http:
            written += self._of_http(*http)
        if info:
            written += self._of_operation(info)
        if principal is not None:
            written += self._principal % shown(principal)
        return written

    def _of_http(self, method: str, path: str, status: int) -> str:
        return self._http % (method, shown(path), status)

    def _of_operation(self, info: OperationInfo) -> str:
        written = self._type % info.type.value if info.type else ""
        if info.operation_name is not None:
            written += self._name % shown(info.operation_name).strip('"')
        if info.document_hash is not None:
            written += self._document % info.document_hash
        return written + self._cost % info.cost

    def _rest(self, observation: Observation) -> str:
        """Write what few have."""
        rest = ""
        if observation.errors:
            rest += self._errors % msgspec.json.encode(list(observation.errors)).decode()
        if observation.sink:
            rest += self._events % observation.sink.sent
        if observation.closed is not None:
            rest += self._closed % observation.closed
        if observation.trace:
            rest += self._trace % observation.trace
        return rest
