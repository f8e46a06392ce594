"""JSON batches: several requests in one body (OData's JSON format, section 19).

The requests are executed one after another, like separate requests with the host and the principal
of the batch. A request is not executed if it depends on one that failed.
"""

from base64 import b64encode
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs
from aiohttp.http import RawRequestMessage
from msgspec import UNSET, Raw, Struct, UnsetType, field
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from gateway.documents.json import encode
from gateway.graph.faults import not_supported, write_fault
from gateway.graph.rest.addresses import VERSIONS, Resource, address_of
from gateway.graph.rest.options import Options
from gateway.graph.rest.target import Operation, PreparedRequest, RequestTarget
from gateway.http.bodies import check_content, read_body
from gateway.http.faults import Fault, refuse
from gateway.http.head import Head
from gateway.http.json_text import decode_json
from gateway.http.media_types import JSON
from gateway.http.observing import Observation
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context
from schema.excerpts import excerpt

MAX_REQUESTS = 20
"""As in Graph."""
FAILED = 400
"""The lowest status of a request that failed."""

_INHERITED = (hdrs.HOST, hdrs.X_FORWARDED_PROTO)
_ROOTS = tuple(f"{version}/" for version in VERSIONS)
"""The beginnings of URLs that include the version; other URLs are relative to it."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}


class BatchRequest(Struct, rename="camel"):
    """A request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] | None = None
    body: Any | UnsetType = UNSET
    depends_on: list[str] | None = None
    atomicity_group: str | None = None
    condition: str | None = field(default=None, name="if")


class _Body(Struct):
    requests: list[BatchRequest]


class RequestHandler(Protocol):
    """Handles the requests of a batch."""

    async def handle_batched(self, request: Request, previous_cost: int) -> Response:
        """Return the response to a request, whose batch cost ``previous_cost`` before it."""


class BatchHandler:
    """Handles batches."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes

    def operation(self, handler: RequestHandler) -> Operation:
        """Return the operation of ``$batch``, whose requests ``handler`` handles."""

        async def prepare(
            target: RequestTarget, _options: Options, request: Request
        ) -> PreparedRequest:
            items = await self._items(request)

            async def run(_context: Context) -> Response:
                return target.json(
                    {"responses": await _BatchExecution(handler, target, request).run(items)}
                )

            return PreparedRequest(0, run)

        return Operation(
            "batch",
            "Several requests at once, at most 20.",
            prepare,
            request_type="batchRequest",
            response_type="batchResponse",
        )

    async def _items(self, request: Request) -> list[BatchRequest]:
        """Read the requests of a batch; raise ``Fault`` for an invalid body."""
        check_content(request.head)
        body = decode_json(await read_body(request, self._max_body_bytes), "The body")
        try:
            items = msgspec.convert(body, _Body).requests
        except msgspec.ValidationError:
            raise Fault(
                400,
                "The body is not a batch. Send an object with 'requests', a list of objects with "
                "the strings 'id', 'method' and 'url'.",
            ) from None
        if not 1 <= len(items) <= MAX_REQUESTS:
            raise Fault(400, f"The batch has {len(items):,} requests. Give 1 to {MAX_REQUESTS}.")
        for item in items:
            _check_unicode(item)
            _url(item.url)
            _check_supported(item)
        _check_dependencies(items)
        return items


def _check_unicode(item: BatchRequest) -> None:
    """Raise ``Fault`` for lone surrogates, which UTF-8 cannot encode, in the id or the URL."""
    for name, text in (("id", item.id), ("url", item.url)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Fault(400, f"The {name} {excerpt(text)} is not valid Unicode.") from None


def _check_supported(item: BatchRequest) -> None:
    """Raise ``Fault`` for a request with an atomicity group or a condition."""
    for name, value in (("atomicityGroup", item.atomicity_group), ("if", item.condition)):
        if value is not None:
            raise not_supported(
                f"The request {excerpt(item.id)} has '{name}', which is not supported. Use "
                "dependsOn, and If-Match to guard a change.",
                target=name,
            )


def _check_dependencies(items: Sequence[BatchRequest]) -> None:
    """Raise ``Fault`` unless ids are unique, and requests depend only on earlier ones."""
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise Fault(
                400, f"The id {excerpt(item.id)} is given twice. Give each request its own id."
            )
        for other in item.depends_on or ():
            if other not in seen:
                raise Fault(
                    400,
                    f"The request {excerpt(item.id)} depends on {excerpt(other)}, which is not "
                    "an earlier request. Put that request before it.",
                )
        seen.add(item.id)


class _BatchExecution:
    """The execution of the requests of one batch."""

    def __init__(self, handler: RequestHandler, target: RequestTarget, whole: Request) -> None:
        self._handler = handler
        self._version = target.address.version
        self._base_url = target.headers.base_url
        self._whole = whole
        self._observations: list[Observation] = []
        self._failed: set[str] = set()

    async def run(self, items: Sequence[BatchRequest]) -> list[dict[str, Any]]:
        """Execute all requests in order, and return their responses."""
        self._whole.observation.operations = self._observations
        return [await self._run_one(item) for item in items]

    async def _run_one(self, item: BatchRequest) -> dict[str, Any]:
        request = self._request(item)
        observation = request.observation
        self._observations.append(observation)
        if failed := self._failed.intersection(item.depends_on or ()):
            message = f"This request depends on {excerpt(min(failed))}, which failed."
            response = refuse(request, Fault(424, message))
        else:
            response = await self._handle(item, request)
        observation.seconds = perf_counter() - observation.began
        if response.status >= FAILED:
            self._failed.add(item.id)
        return _response_object(item, response)

    async def _handle(self, item: BatchRequest, request: Request) -> Response:
        if item.method not in _METHODS:
            return refuse(request, Fault(400, f"The method {excerpt(item.method)} is unknown."))
        if _is_batch(request.head):
            return refuse(
                request, Fault(400, "A batch cannot contain a batch. Send it separately.")
            )
        previous_cost = sum(one.info.cost for one in self._observations if one.info)
        return await self._handler.handle_batched(request, previous_cost)

    def _request(self, item: BatchRequest) -> Request:
        """Return the request of an item."""
        whole = self._whole
        head = self._head(item)
        head.write_fault = write_fault
        body = b"" if item.body is UNSET else encode(item.body)
        request = Request(head, whole.connection, body=body, is_admitted=True)
        request.principal = whole.principal
        request.observation = Observation(
            whole.head,
            whole.observation.observers,
            perf_counter(),
            f"{whole.observation.request_id}.{len(self._observations) + 1}",
            transport="rest",
            is_request=False,
            is_batched=True,
            principal=whole.principal,
        )
        return request

    def _head(self, item: BatchRequest) -> Head:
        headers = CIMultiDict(item.headers or {})
        headers.setdefault(hdrs.CONTENT_TYPE, JSON)
        for name in _INHERITED:
            headers.popall(name, None)
            if name in self._whole.headers:
                headers[name] = self._whole.headers[name]
        path = f"/{item.url.removeprefix(self._base_url).lstrip('/')}"
        url = _url(path if path.startswith(_ROOTS) else self._version + path)
        message = RawRequestMessage(
            item.method,
            str(url),
            self._whole.version,
            CIMultiDictProxy(headers),
            (),
            should_close=False,
            compression=None,
            upgrade=False,
            chunked=False,
            url=url,
        )
        return Head(message)


def _url(text: str) -> URL:
    """Parse the URL of a request, in which special characters need not be escaped."""
    try:
        return URL(text)
    except ValueError:
        raise Fault(400, f"The url {excerpt(text)} is not valid.") from None


def _is_batch(head: Head) -> bool:
    try:
        return address_of(head.raw_path).resource is Resource.BATCH
    except Fault:
        return False


def _response_object(item: BatchRequest, response: Response) -> dict[str, Any]:
    """Return a response as JSON: a body in JSON unchanged, another body in Base64."""
    response_object: dict[str, Any] = {
        "id": item.id,
        "status": response.status,
        "headers": {**response.headers, **response.own_headers},
    }
    if response.body and item.method != hdrs.METH_HEAD:
        is_json = response.headers.get("Content-Type", "").startswith(JSON)
        response_object["body"] = (
            Raw(response.body) if is_json else b64encode(response.body).decode()
        )
    return response_object
