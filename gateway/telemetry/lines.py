"""A line in the log for each request, and for each operation on a WebSocket.

It has what is needed to find a request again and to see how it went, and of a client's words only
names, escaped: no variables, no token, no document, no path with its parameters.
"""

import logging
from functools import lru_cache
from time import time

import msgspec
from graphql import OperationType

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
        self._operation = lru_cache(1_000)(self._of_operation)
        self._asked_by = lru_cache(1_000)(self._of_principal)

    def __call__(self, observation: Observation) -> None:
        """Write it."""
        failed = observation.status >= FAILED
        if not (self._all or (failed and self._failed)):
            return
        level = self._warning if failed else self._info
        line = self._start % (
            at(time()),
            level,
            observation.request_id,
            observation.transport,
            observation.seconds * 1000,
        )
        if observation.is_request:
            request = observation.request
            path = shown(request.rel_url.raw_path)
            line += self._http % (request.method, path, observation.status)
        if facts := observation.facts:
            line += self._operation(facts.document_hash, facts.operation_name, facts.type)
            line += self._cost % facts.cost
        if observation.principal:
            line += self._asked_by(observation.principal.name)
        self._write(line + self._rest(observation) + self._end)

    def _of_operation(self, hash_: str, name: str | None, type_: OperationType | None) -> str:
        """Write what stays the same for a document."""
        written = self._type % type_.value if type_ else ""
        if name is not None:
            written += self._name % shown(name).strip('"')
        return written + self._document % hash_

    def _of_principal(self, name: str) -> str:
        return self._principal % shown(name)

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
