"""The requests of single connection mode: to reserve and open a stream, and start operations.

PUT                      201, a token for one stream
GET or POST, token       200, the stream, if the client accepts text/event-stream alone
POST or GET, token       202, an operation with an id, whose results come on the stream
DELETE, token            200, the operation has ended
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from aiohttp import hdrs

from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.events import answer_event
from gateway.execution.pipeline import Pipeline
from gateway.http.authentication import Authentication
from gateway.http.bodies import check_content, read_body
from gateway.http.faults import Fault
from gateway.http.media_types import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, chosen
from gateway.http.observing import Observation
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.transports.answers import json_answer
from gateway.transports.negotiation import accept, wants_cost
from gateway.transports.parameters import parse_parameters, query_parameters
from gateway.transports.single_connection.forwarding import forward, http_socket
from gateway.transports.single_connection.open_streams import OpenStreams
from gateway.transports.single_connection.protocol import (
    TOKEN_HEADER,
    check_id,
    operation_id,
    token_of_stream,
)
from gateway.transports.single_connection.stream import OperationStream
from gateway.transports.single_connection.tokens import StreamTokens
from gateway.transports.streams.stream import StreamOptions
from schema.context import Context


@dataclass(frozen=True)
class SingleConnectionOptions:
    """The limits and the shared state of single connection mode."""

    max_operations: int
    max_body_bytes: int
    tokens: StreamTokens
    streams: OpenStreams
    sockets: Path | None
    """The folder of the workers' sockets, if there are several workers."""


class SingleConnectionEndpoint:
    """Answers the requests of single connection mode."""

    def __init__(
        self,
        pipeline: Pipeline,
        context: Context,
        stream_options: StreamOptions,
        authentication: Authentication,
        options: SingleConnectionOptions,
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._stream_options = stream_options
        self._authentication = authentication
        self._options = options

    async def __call__(self, request: Request) -> Response | OperationStream:
        """Answer a request; raise ``Fault`` to refuse it."""
        principal = await self._authentication.authenticate(request)
        tokens = self._options.tokens
        if request.method == hdrs.METH_PUT:
            self._stream_options.limiter.check()
            reserved = tokens.reserve(principal)
            return Response(reserved.encode(), status=201, headers=_TOKEN_HEADERS)
        token = token_of_stream(request.head)
        if token is None:
            raise Fault(
                400, f"The stream's token is missing. Send it as {TOKEN_HEADER}, or as 'token'."
            )
        opens = request.method != hdrs.METH_DELETE and _accepts_stream(request)
        tokens.check(token, principal, allow_expired=not opens)
        if opens:
            return self._open(request, token)
        body = b""
        if request.method == hdrs.METH_POST:
            check_content(request.head)
            body = await read_body(request, self._options.max_body_bytes)
        stream = self._options.streams.get(token)
        if stream is None:
            return await self._forward(request, token, body)
        if request.method == hdrs.METH_DELETE:
            return _end(request, stream)
        return await self._start(request, stream, _graphql_request(request, body))

    def _open(self, request: Request, token: str) -> OperationStream:
        self._stream_options.limiter.check()
        streams = self._options.streams
        stream = OperationStream(
            request,
            self._stream_options,
            max_operations=self._options.max_operations,
            on_end=lambda: streams.discard(token),
        )
        streams.add(token, stream)
        request.observation.transport = "sse"
        return stream

    async def _forward(self, request: Request, token: str, body: bytes) -> Response:
        """Forward a request to the worker that has the stream."""
        worker = self._options.streams.worker_of(token)
        if worker is None or self._options.sockets is None:
            raise Fault(
                404,
                "No stream is open by this token. Open it first: by GET, accepting "
                f"{EVENT_STREAM}. If it has ended, reserve another one by PUT.",
            )
        return await forward(request, body, http_socket(self._options.sockets, worker))

    async def _start(
        self, request: Request, stream: OperationStream, graphql_request: GraphQLRequest
    ) -> Response:
        """Run an operation, or start a subscription.

        A request error is in this response (GraphQL over HTTP), and not on the stream.
        """
        context = self._context.of(
            request.principal,
            request.observation.request_id,
            read_only=request.method == hdrs.METH_GET,
        )
        with stream.starting(operation_id(graphql_request)) as operation:
            outcome = await self._pipeline.subscribe(graphql_request, context)
            if not isinstance(outcome, Answer):
                request.observation.info = outcome.info
                stream.run_subscription(operation, outcome, _observation(request))
                return Response(status=202)
            request.observation.record_answer(outcome)
            if not outcome.executed:
                media_type = chosen(accept(request.head), (GRAPHQL_RESPONSE, JSON))
                return json_answer(outcome, media_type or JSON, with_cost=wants_cost(request.head))
            stream.send_answer(operation, answer_event(outcome, with_cost=wants_cost(request.head)))
        return Response(status=202)


_TOKEN_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def _accepts_stream(request: Request) -> bool:
    return chosen(accept(request.head), (JSON, GRAPHQL_RESPONSE, EVENT_STREAM)) == EVENT_STREAM


def _graphql_request(request: Request, body: bytes) -> GraphQLRequest:
    if request.method == hdrs.METH_GET:
        return query_parameters(request)
    return parse_parameters(body, "The body")


def _end(request: Request, stream: OperationStream) -> Response:
    id_ = check_id(request.query.get("operationId"), "The parameter 'operationId'")
    if not stream.end_operation(id_):
        raise Fault(404, "No operation with this id runs on the stream. It may have ended.")
    return Response()


def _observation(request: Request) -> Observation:
    """Return the observation of a subscription, which outlives the request that starts it."""
    return Observation(
        request.head,
        request.observation.observers,
        perf_counter(),
        request.observation.request_id,
        "sse",
        is_request=False,
        principal=request.principal,
    )
