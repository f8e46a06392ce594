"""Writing of operations: create, invite, update and delete.

A body may be a complete operation as it was read: read-only properties are ignored.
"""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.documents.arguments import write_cost
from gateway.documents.json import encode
from gateway.graph.faults import client_request_id, fault_of, invalid_request, precondition_failed
from gateway.graph.rest.options import Options, select_of
from gateway.graph.rest.reading import entity_cost, write_entity
from gateway.graph.rest.target import PreparedRequest, RequestTarget
from gateway.graph_json.checking import InvalidProperties
from gateway.graph_json.invites import is_invite, read_invite
from gateway.graph_json.reading import unwrapped
from gateway.graph_json.writing import OPERATION_TYPE, TYPE, etag
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
"""The maximum number of participants of an invitation, as in Graph."""
MAX_ATTEMPTS = 10
"""The maximum number of attempts of a write that conflicts with concurrent ones."""

Fields = dict[str, Any]

_INVITE = {"participants", "clientContext"}
_MERGED = ("resultInfo", "additionalProperties")
"""The fields into which an update is merged, instead of replacing them."""


class WriteHandlers:
    """Handles requests that write."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes

    async def create(
        self, target: RequestTarget, options: Options, request: Request
    ) -> PreparedRequest:
        """Create an operation; a repeated request within a day returns the same operation."""
        select = select_of(options)
        fields = self._entity(await self._body(request))
        given = _create_input(target, request, fields)

        async def run(context: Context) -> Response:
            operation = await context.store.create(given)
            response = _response(target, operation, select, 201)
            url = target.url_of(operation.id)
            response.own_headers = {"Location": url}
            if response.status == HTTPStatus.NO_CONTENT:
                response.own_headers = {"Location": url, "OData-EntityId": url}
            return response

        return PreparedRequest(_cost(fields, select), run)

    async def invite(
        self, target: RequestTarget, _options: Options, request: Request
    ) -> PreparedRequest:
        """Create the operation of an invitation, with the status ``NotStarted``."""
        parameters = await self._body(request)
        fields = _read_operation({**parameters, TYPE: OPERATION_TYPE})
        _check_invitation(fields)
        given = _create_input(target, request, fields)

        async def run(context: Context) -> Response:
            operation = await context.store.create(given)
            response = _response(target, operation, None, 200)
            response.own_headers = {"Location": target.url_of(operation.id)}
            return response

        return PreparedRequest(_cost(fields, None), run)

    async def update(
        self, target: RequestTarget, options: Options, request: Request
    ) -> PreparedRequest:
        """Update an operation if its version meets the preconditions."""
        select = select_of(options)
        fields = self._entity(await self._body(request))
        fields = {name: value for name, value in fields.items() if not _is_ignored(name, value)}

        async def run(context: Context) -> Response:
            return _response(target, await _update(target, fields, context), select, 200)

        return PreparedRequest(_cost(fields, select), run)

    async def delete(
        self, target: RequestTarget, _options: Options, _request: Request
    ) -> PreparedRequest:
        """Delete an operation if its version meets the preconditions."""

        async def run(context: Context) -> Response:
            for _ in range(MAX_ATTEMPTS):
                current = await _read_current(target, context)
                given = {"id": current.id, "ifVersion": current.version}
                try:
                    await context.store.delete(_read(DeleteInviteParticipantsOperationInput, given))
                except MutationFailure as failure:
                    _check_conflict(target, failure)
                else:
                    return target.empty()
            raise precondition_failed()

        return PreparedRequest(write_cost({"input": {}}, {}), run)

    async def _body(self, request: Request) -> Fields:
        """Read a JSON object; raise ``Fault`` for another body."""
        check_content(request.head)
        body = decode_json(await read_body(request, self._max_body_bytes), "The body")
        if not isinstance(body, dict):
            raise Fault(400, f"The body is {excerpt(body)}. Send a JSON object.")
        return body

    @staticmethod
    def _entity(body: Fields) -> Fields:
        """Return the fields of the operation in a body, which may be wrapped in ``value``."""
        wrapped = unwrapped(body)
        value = wrapped if isinstance(wrapped, dict) else body
        return _read_operation(value)


def _read_operation(entity: Fields) -> Fields:
    """Return the fields of an operation in Graph's JSON; raise ``Fault`` if it is invalid."""
    if not is_invite(entity):
        raise Fault(
            400,
            f"The @odata.type of the body is {excerpt(entity.get(TYPE))}. Only {OPERATION_TYPE} "
            "is supported.",
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
    """Raise ``Fault`` for parameters that the action does not have, or too many participants."""
    declared = parameters.keys() - {"additionalProperties"}
    for name in (*declared, *parameters.get("additionalProperties", ())):
        if name not in _INVITE:
            raise Fault(400, f"The action has no parameter {excerpt(name)}.", target=name[:50])
    invited = parameters.get("participants")
    count = len(invited) if isinstance(invited, list) else 0
    if not 1 <= count <= MAX_INVITED:
        raise Fault(
            400,
            f"The body has {count} participants. Give 1 to {MAX_INVITED}.",
            target="participants",
        )


def _create_input(
    target: RequestTarget, request: Request, fields: Fields
) -> CreateInviteParticipantsOperationInput:
    properties: Fields = dict(fields)
    if target.address.call_id is not None:
        properties["callId"] = target.address.call_id
    given = client_request_id(request.head)
    if given is not None:
        properties["idempotencyKey"] = _idempotency_key(request, given, properties)
    return _read(CreateInviteParticipantsOperationInput, properties)


def _idempotency_key(request: Request, given: str, properties: Fields) -> str:
    """Return the idempotency key of a creation, for its client, its id and its body.

    The body is included since clients may send the same id with several requests.
    """
    parts = [request.principal.name, given, properties]
    return f"graph {sha256(encode(parts)).hexdigest()}"


def _read(model: type[InputT], fields: Mapping[str, Any]) -> InputT:
    """Read an input; raise a ``Fault`` that names the invalid properties."""
    try:
        return read_input(model, fields)
    except InvalidInput as invalid:
        problems = invalid.problems
    raise invalid_request(problems)


def _is_ignored(name: str, value: object) -> bool:
    """Return whether an update ignores a property: the key, or a status that is null."""
    return name == "id" or (name == "status" and value is None)


def _cost(fields: Fields, select: frozenset[str] | None) -> int:
    return write_cost({"input": fields}, {}) + entity_cost(select)


async def _read_current(target: RequestTarget, context: Context) -> StoredOperation:
    """Return the current operation; raise ``Fault`` unless it meets the preconditions."""
    current = target.check_found(await context.store.get(target.address.operation_id))
    if not target.preconditions.is_met(current.version):
        raise precondition_failed()
    return current


def _check_conflict(target: RequestTarget, failure: MutationFailure) -> None:
    """Raise ``Fault`` for a write that failed, unless it may be attempted again."""
    is_conflict = isinstance(failure.errors[0], ConflictError)
    if not is_conflict or target.preconditions.if_match is not None:
        raise fault_of(failure)


async def _update(target: RequestTarget, fields: Fields, context: Context) -> StoredOperation:
    """Update an operation, and retry after conflicts with concurrent writes."""
    for _ in range(MAX_ATTEMPTS):
        current = await _read_current(target, context)
        merged = _merge(fields, msgspec.json.decode(current.document))
        change = {**merged, "id": current.id, "ifVersion": current.version}
        try:
            return await context.store.update(_read(UpdateInviteParticipantsOperationInput, change))
        except MutationFailure as failure:
            _check_conflict(target, failure)
    raise precondition_failed()


def _merge(fields: Fields, current: Fields) -> Fields:
    """Return the fields of an update, merged with the current fields as in ``_MERGED``."""
    merged = dict(fields)
    for name in _MERGED:
        given, present = fields.get(name), current.get(name)
        if isinstance(given, dict) and isinstance(present, dict):
            merged[name] = {**present, **given}
    return merged


def _response(
    target: RequestTarget, operation: StoredOperation, select: frozenset[str] | None, status: int
) -> Response:
    """Return a response with the operation, or an empty one if the client prefers that."""
    if target.preferences.returns == "minimal":
        response = target.empty()
    else:
        response = target.response(write_entity(target, operation, select), status)
    if target.preferences.returns:
        response.headers["Preference-Applied"] = f"return={target.preferences.returns}"
    response.headers["ETag"] = etag(operation.version)
    return response
