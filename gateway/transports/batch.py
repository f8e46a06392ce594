"""Batches: a JSON array of GraphQL requests in one body, answered by an array of responses.

There is no specification of it, but Apollo's and other clients send batches.
"""

import re
from collections.abc import Iterator

import msgspec
from aiohttp import hdrs
from msgspec import Raw

from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.batch import BatchedRequest
from gateway.execution.pipeline import Pipeline
from gateway.http.admission_control import AdmissionControl, overloaded
from gateway.http.faults import Fault
from gateway.http.json_text import check_text, decode_json
from gateway.http.media_types import GRAPHQL_RESPONSE, JSON
from gateway.http.observing import Observation
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from gateway.transports.answers import retry_after, status_of
from gateway.transports.negotiation import Preferences
from gateway.transports.parameters import parse_parameters, request_from_parameters
from schema.context import Context
from schema.errors import ErrorCode

_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[")
_decode_array = msgspec.json.Decoder(list[Raw]).decode

Element = GraphQLRequest | Fault
"""A request, or why an element of the array is not one."""


def is_batch(body: bytes) -> bool:
    """Return whether a body in JSON is an array."""
    return not body.startswith(b"{") and _ARRAY.match(body) is not None


class Batches:
    """Answers batches of at most ``max_requests``; 0 disables them."""

    def __init__(
        self, pipeline: Pipeline, context: Context, admission: AdmissionControl, max_requests: int
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._admission = admission
        self._max_requests = max_requests

    async def answer(self, request: Request, body: bytes, preferences: Preferences) -> Response:
        """Answer the requests of a batch, in their order; raise ``Fault`` for an invalid batch."""
        elements = self._elements(body)
        media_type = preferences.types.json
        if media_type is None:
            raise Fault(
                406, f"A batch is answered in JSON. Accept {GRAPHQL_RESPONSE} or {JSON} for it."
            )
        batch = list(self._batch(request, elements))
        counted = [request.connection, *batch[1:]]  # the HTTP request counts as the first
        try:
            if not all(map(self._admission.try_acquire, counted)):
                raise overloaded()
            await self._pipeline.execute_batch(batch)
        finally:
            for one in counted:
                self._admission.release(one)
        observation = request.observation
        observation.operations = [_observed(one, observation) for one in batch]
        answers = [one.answer for one in batch if one.answer]
        return _response(answers, media_type, with_cost=preferences.with_cost)

    def _elements(self, body: bytes) -> list[Element]:
        """Parse the elements of a batch; raise ``Fault`` if none is a request."""
        check_text(body, "The body")
        if not self._max_requests:
            raise Fault(
                400,
                "The body is a JSON array, and the gateway's setting 'batch' is 0. Send one "
                "request at a time.",
            )
        elements: list[Element] = []
        for number, value in enumerate(self._values(body), 1):
            try:
                elements.append(_element(value, f"Element {number} of the batch"))
            except Fault as fault:
                elements.append(fault)
        faults = [element for element in elements if isinstance(element, Fault)]
        if len(faults) == len(elements):
            raise Fault(400, f"No element of the body is a GraphQL request. {faults[0].message}")
        return elements

    def _values(self, body: bytes) -> list[object]:
        """Return the elements of the array, raw if they are valid JSON for msgspec."""
        values: list[object]
        try:
            values = [*_decode_array(body)]
        except msgspec.DecodeError:
            values = decode_json(body, "The body")
        if not values:
            raise Fault(400, "The body is an empty JSON array. Send at least one request in it.")
        if len(values) > self._max_requests:
            raise Fault(
                400,
                f"The batch has {len(values):,} requests, and the limit is {self._max_requests:,}, "
                "which the gateway's setting 'batch' says. Send fewer at once.",
                code=ErrorCode.LIMIT_EXCEEDED,
                limit="batch",
                value=self._max_requests,
                requested=len(values),
            )
        return values

    def _batch(self, request: Request, elements: list[Element]) -> Iterator[BatchedRequest]:
        for number, element in enumerate(elements, 1):
            request_id = f"{request.observation.request_id}.{number}"
            context = self._context.of(request.principal, request_id)
            if isinstance(element, Fault):
                yield BatchedRequest(GraphQLRequest(""), context, _refused(element))
            else:
                yield BatchedRequest(element, context)


def _element(value: object, what: str) -> GraphQLRequest:
    return (
        parse_parameters(bytes(value), what)
        if isinstance(value, Raw)
        else request_from_parameters(value, what=what)
    )


def _refused(fault: Fault) -> Answer:
    error = {"message": fault.message, "extensions": fault.extensions}
    return Answer(executed=False, data=None, errors=[error])


def _observed(one: BatchedRequest, whole: Observation) -> Observation:
    """Return the observation of a request of a batch."""
    observation = Observation(
        whole.head,
        whole.observers,
        one.started_at or whole.began,
        one.context.request_id,
        is_request=False,
        principal=whole.principal,
        seconds=one.seconds,
        is_batched=True,
    )
    if one.answer:
        observation.record_answer(one.answer)
    return observation


def _response(answers: list[Answer], media_type: str, *, with_cost: bool) -> Response:
    """Return the response: its status is that of all answers, or 200 if they differ."""
    statuses = {status_of(answer, JSON) for answer in answers}
    response = json_response(
        [answer.payload(with_cost=with_cost) for answer in answers],
        status=statuses.pop() if len(statuses) == 1 else 200,
        content_type=media_type,
    )
    if seconds := retry_after(answers[0], response.status):
        response.headers[hdrs.RETRY_AFTER] = seconds
    return response
