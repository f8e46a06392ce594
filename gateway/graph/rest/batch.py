"""Several requests in one body, as JSON (OData's JSON format, section 19).

They are answered one after another, each as if it had come by itself, with the host and the
principal of the request that brings them. One that depends on another which failed is not done.
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
from gateway.graph.rest.target import Operation, RequestTarget, Work
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
"""The status from which on a request has failed."""

_INHERITED = (hdrs.HOST, hdrs.X_FORWARDED_PROTO)
_ROOTS = tuple(f"{version}/" for version in VERSIONS)
"""What addresses of some clients begin with, though they are relative to it."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}


class Item(Struct, rename="camel"):
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
    requests: list[Item]


class Answering(Protocol):
    """What answers the requests of a batch."""

    async def answer(self, request: Request, spent: int) -> Response:
        """Answer a request of a known principal, which has ``spent`` on others with it already."""


class BatchRequests:
    """Answers batches."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes

    def operation(self, answering: Answering) -> Operation:
        """Return what is done at ``$batch``."""

        async def prepare(target: RequestTarget, _options: Options, request: Request) -> Work:
            items = await self._items(request)

            async def run(_context: Context) -> Response:
                return target.json({"responses": await _Run(answering, target, request).all(items)})

            return Work(0, run)

        return Operation(
            "batch",
            "Several requests at once, at most 20.",
            prepare,
            takes="batchRequest",
            gives="batchResponse",
        )

    async def _items(self, request: Request) -> list[Item]:
        """Read the requests of a batch; raise ``Fault`` for what is none."""
        check_content(request.head)
        body = decode_json(await read_body(request, self._max_body_bytes), "The body")
        try:
            items = msgspec.convert(body, _Body).requests
        except msgspec.ValidationError:
            raise Fault(
                400,
                "The body is no batch. Send an object with 'requests', a list of objects with an "
                "'id', a 'method' and a 'url', which are strings.",
            ) from None
        if not 1 <= len(items) <= MAX_REQUESTS:
            raise Fault(
                400, f"The batch has {len(items):,} requests. Give 1 to {MAX_REQUESTS} of them."
            )
        for item in items:
            _url(item.url)
            _check_supported(item)
        _check_dependencies(items)
        return items


def _check_supported(item: Item) -> None:
    """Raise ``Fault`` for a request that is to be done only if, or only as far as, others are."""
    for name, value in (("atomicityGroup", item.atomicity_group), ("if", item.condition)):
        if value is not None:
            raise not_supported(
                f"The request {excerpt(item.id)} has '{name}', which is not supported. Use "
                "dependsOn, and If-Match to guard a change.",
                target=name,
            )


def _check_dependencies(items: Sequence[Item]) -> None:
    """Raise ``Fault`` unless each request depends on earlier ones alone, by ids given once."""
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise Fault(
                400, f"The id {excerpt(item.id)} is given twice. Give each request its own."
            )
        for other in item.depends_on or ():
            if other not in seen:
                raise Fault(
                    400,
                    f"The request {excerpt(item.id)} depends on {excerpt(other)}, which does not "
                    "come before it. Put it there.",
                )
        seen.add(item.id)


class _Run:
    """The requests of one batch as they are answered."""

    def __init__(self, answering: Answering, target: RequestTarget, whole: Request) -> None:
        self._answering = answering
        self._version = target.address.version
        self._server = target.fields.server
        self._whole = whole
        self._observations: list[Observation] = []
        self._failed: set[str] = set()

    async def all(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Answer all requests, in their order."""
        self._whole.observation.operations = self._observations
        return [await self._one(item) for item in items]

    async def _one(self, item: Item) -> dict[str, Any]:
        request = self._request(item)
        observation = request.observation
        self._observations.append(observation)
        if failed := self._failed.intersection(item.depends_on or ()):
            message = f"The request {excerpt(min(failed))} failed, on which this one depends."
            response = refuse(request, Fault(424, message))
        else:
            response = await self._answered(item, request)
        observation.seconds = perf_counter() - observation.began
        if response.status >= FAILED:
            self._failed.add(item.id)
        return _written(item, response)

    async def _answered(self, item: Item, request: Request) -> Response:
        if item.method not in _METHODS:
            return refuse(request, Fault(400, f"The method {excerpt(item.method)} is not known."))
        if _is_batch(request.head):
            return refuse(request, Fault(400, "A batch cannot be in a batch. Send it by itself."))
        spent = sum(one.info.cost for one in self._observations if one.info)
        return await self._answering.answer(request, spent)

    def _request(self, item: Item) -> Request:
        """Make the request that an item stands for."""
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

    def _head(self, item: Item) -> Head:
        headers = CIMultiDict(item.headers or {})
        headers.setdefault(hdrs.CONTENT_TYPE, JSON)
        for name in _INHERITED:
            headers.popall(name, None)
            if name in self._whole.headers:
                headers[name] = self._whole.headers[name]
        path = f"/{item.url.removeprefix(self._server).lstrip('/')}"
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
    """Read the address of a request, of which special characters need not be escaped."""
    try:
        return URL(text)
    except ValueError:
        raise Fault(400, f"{excerpt(text)} is no address of a request.") from None


def _is_batch(head: Head) -> bool:
    try:
        return address_of(head.raw_path.partition("?")[0]).resource is Resource.BATCH
    except Fault:
        return False


def _written(item: Item, response: Response) -> dict[str, Any]:
    """Write the answer to a request as an item: JSON as it is, other bodies in Base64."""
    written: dict[str, Any] = {
        "id": item.id,
        "status": response.status,
        "headers": {**response.headers, **response.own_headers},
    }
    if response.body:
        is_json = response.headers.get("Content-Type", "").startswith(JSON)
        written["body"] = Raw(response.body) if is_json else b64encode(response.body).decode()
    return written
