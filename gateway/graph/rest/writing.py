"""Writing operations: creating, inviting, changing by a part, deleting.

A body may be what a client has read, as a whole: what is read-only in it is ignored.
"""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.documents.arguments import write_cost
from gateway.documents.json import encode
from gateway.graph.faults import client_request_id, fault_of, invalid_request, modified
from gateway.graph.rest.options import Options, select_of
from gateway.graph.rest.reading import entity, entity_cost
from gateway.graph.rest.target import RequestTarget, Work
from gateway.graph_json.checking import InvalidProperties
from gateway.graph_json.invites import is_invite, read_invite
from gateway.graph_json.model import INVITE_PARTICIPANTS_OPERATION, NAMESPACE
from gateway.graph_json.reading import unwrapped
from gateway.graph_json.writing import TYPE, etag
from gateway.http.bodies import check_content, read_body
from gateway.http.faults import Fault
from gateway.http.json_text import decode_json
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context
from schema.errors import ConflictError, MutationFailure
from schema.excerpts import excerpt
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.resource.operation import StoredOperation
from schema.validation import InputT, InvalidInput, read_input

MAX_INVITED = 5
"""How many participants Graph invites at once."""
MAX_ATTEMPTS = 10
"""How often a change that is merged with the operation is tried against changes made meanwhile."""

Fields = dict[str, Any]

_INVITE = {"participants", "clientContext"}
_MERGED = ("resultInfo", "additionalProperties")
"""The fields of which an update changes parts."""


class Writes:
    """Answers requests that write."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes

    async def create(self, target: RequestTarget, options: Options, request: Request) -> Work:
        """Create an operation; done once for the same request of the same client in a day."""
        select = select_of(options)
        fields = self._entity(await self._body(request))
        given = _create_input(target, request, fields)

        async def run(context: Context) -> Response:
            operation = await context.store.create(given)
            response = _written(target, operation, select, 201)
            response.own_headers = {"Location": target.url_of(operation.id)}
            if response.status == HTTPStatus.NO_CONTENT:
                response.own_headers["OData-EntityId"] = target.url_of(operation.id)
            return response

        return Work(_cost(fields, select), run)

    async def invite(self, target: RequestTarget, _options: Options, request: Request) -> Work:
        """Create the operation of an invitation, which is not begun yet."""
        parameters = await self._body(request)
        fields = _own({name: value for name, value in parameters.items() if name != TYPE})
        _check_invitation(fields)
        given = _create_input(target, request, fields)

        async def run(context: Context) -> Response:
            operation = await context.store.create(given)
            response = _written(target, operation, None, 200)
            response.own_headers = {"Location": target.url_of(operation.id)}
            return response

        return Work(_cost(fields, None), run)

    async def update(self, target: RequestTarget, options: Options, request: Request) -> Work:
        """Change what the body has of an operation, if it is at a version that it is for."""
        select = select_of(options)
        fields = self._entity(await self._body(request))
        fields = {name: value for name, value in fields.items() if not _is_ignored(name, value)}

        async def run(context: Context) -> Response:
            return _written(target, await _updated(target, fields, context), select, 200)

        return Work(_cost(fields, select), run)

    async def delete(self, target: RequestTarget, _options: Options, _request: Request) -> Work:
        """Delete an operation, if it is at a version that the request is for."""

        async def run(context: Context) -> Response:
            for _ in range(MAX_ATTEMPTS):
                current = await _current(target, context)
                given = {"id": current.id, "ifVersion": current.version}
                try:
                    await context.store.delete(_read(DeleteInviteParticipantsOperationInput, given))
                except MutationFailure as failure:
                    _check_conflict(target, failure)
                else:
                    return target.empty()
            raise modified()

        return Work(write_cost({"input": {}}, {}), run)

    async def _body(self, request: Request) -> Fields:
        """Read a body that is a JSON object; raise ``Fault`` for another."""
        check_content(request.head)
        body = decode_json(await read_body(request, self._max_body_bytes), "The body")
        if not isinstance(body, dict):
            raise Fault(400, f"The body is {excerpt(body)}. Send a JSON object.")
        return body

    @staticmethod
    def _entity(body: Fields) -> Fields:
        """Return the operation in a body, as GraphQL has it; it may be wrapped in ``value``."""
        wrapped = unwrapped(body)
        value = wrapped if isinstance(wrapped, dict) else body
        return _own(value)


def _own(entity: Fields) -> Fields:
    """Return an operation in the gateway's own form; raise ``Fault`` for what is none."""
    if not is_invite(entity):
        raise Fault(
            400,
            f"The body is a {excerpt(entity[TYPE])}. Only a #{NAMESPACE}."
            f"{INVITE_PARTICIPANTS_OPERATION.name} can be kept here.",
            target=TYPE,
        )
    try:
        return read_invite(entity)
    except InvalidProperties as invalid:
        problems = invalid.problems
    except ValueError as error:
        raise Fault(400, f"The body cannot be read: {error}.") from None
    raise invalid_request(problems)


def _check_invitation(parameters: Fields) -> None:
    """Raise ``Fault`` for parameters that Graph's action does not take."""
    declared = parameters.keys() - {"additionalProperties"}
    for name in (*declared, *parameters.get("additionalProperties", ())):
        if name not in _INVITE:
            raise Fault(400, f"The action has no parameter {excerpt(name)}.", target=name[:50])
    invited = parameters.get("participants")
    count = len(invited) if isinstance(invited, list) else 0
    if not 1 <= count <= MAX_INVITED:
        raise Fault(
            400,
            f"The action invites 1 to {MAX_INVITED} participants, and {count} are given.",
            target="participants",
        )


def _create_input(
    target: RequestTarget, request: Request, fields: Fields
) -> CreateInviteParticipantsOperationInput:
    said: Fields = dict(fields)
    if target.address.call_id is not None:
        said["callId"] = target.address.call_id
    given = client_request_id(request.head)
    if given is not None:
        said["idempotencyKey"] = _idempotency_key(request, given, said)
    return _read(CreateInviteParticipantsOperationInput, said)


def _idempotency_key(request: Request, given: str, said: Fields) -> str:
    """Return the key of a creation: the same id with another body is another request.

    Clients may send one id with all requests that belong together.
    """
    parts = [request.principal.name, given, said]
    return f"graph {sha256(encode(parts)).hexdigest()}"


def _read(model: type[InputT], fields: Mapping[str, Any]) -> InputT:
    """Read an input; raise ``Fault`` that names the properties which are not valid."""
    try:
        return read_input(model, fields)
    except InvalidInput as invalid:
        problems = invalid.problems
    raise invalid_request(problems)


def _is_ignored(name: str, value: object) -> bool:
    """Return whether an update leaves a property as it is: the key, and a status yet to come."""
    return name == "id" or (name == "status" and value is None)


def _cost(fields: Fields, select: frozenset[str] | None) -> int:
    return write_cost({"input": fields}, {}) + entity_cost(select)


async def _current(target: RequestTarget, context: Context) -> StoredOperation:
    """Return the operation as it is; raise ``Fault`` unless the request is for that version."""
    current = target.found(await context.store.get(target.address.operation_id))
    if not target.preconditions.is_met(current.version):
        raise modified()
    return current


def _check_conflict(target: RequestTarget, failure: MutationFailure) -> None:
    """Raise ``Fault`` for a write that failed, unless it may be tried again."""
    is_conflict = isinstance(failure.errors[0], ConflictError)
    if not is_conflict or target.preconditions.if_match is not None:
        raise fault_of(failure)


async def _updated(target: RequestTarget, fields: Fields, context: Context) -> StoredOperation:
    """Change an operation, and try again where another change came in between."""
    for _ in range(MAX_ATTEMPTS):
        current = await _current(target, context)
        merged = _merged(fields, msgspec.json.decode(current.document))
        change = {**merged, "id": current.id, "ifVersion": current.version}
        try:
            return await context.store.update(_read(UpdateInviteParticipantsOperationInput, change))
        except MutationFailure as failure:
            _check_conflict(target, failure)
    raise modified()


def _merged(fields: Fields, current: Fields) -> Fields:
    """Put what is given of the properties with parts together with what there is of them."""
    merged = dict(fields)
    for name in _MERGED:
        given, present = fields.get(name), current.get(name)
        if isinstance(given, dict) and isinstance(present, dict):
            merged[name] = {**present, **given}
    return merged


def _written(
    target: RequestTarget, operation: StoredOperation, select: frozenset[str] | None, status: int
) -> Response:
    """Answer with the operation as it is now, or without it if the client wants that."""
    if target.preferences.returns == "minimal":
        response = target.empty()
    else:
        response = target.response(entity(target, operation, select), status)
    response.headers["ETag"] = etag(operation.version)
    return response
