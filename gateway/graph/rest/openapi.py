"""The OpenAPI description of the REST API, generated from its routes and types."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.graph.rest.addresses import VERSIONS, Resource
from gateway.graph.rest.headers import PREFER
from gateway.graph.rest.routes import COLLECTION, COUNT, ENTITY, INVITE_PARAMETERS, Routes
from gateway.graph.rest.target import MEDIA_TYPES, Operation
from gateway.graph_json.model import (
    BOOLEAN,
    INT32,
    NAMESPACE,
    PARTICIPANT,
    STATUSES,
    STRING,
    STRUCTURED_TYPES,
    Property,
    StructuredType,
)
from gateway.graph_json.writing import TYPE
from gateway.http.media_types import JSON
from schema.paging import MAX_PAGE_SIZE

Schema = dict[str, Any]

_OPTIONS: Mapping[str, Schema] = {
    "$filter": {"type": "string"},
    "$search": {"type": "string"},
    "$orderby": {"type": "string"},
    "$select": {"type": "string"},
    "$top": {"type": "integer", "minimum": 0, "maximum": MAX_PAGE_SIZE},
    "$skip": {"type": "integer", "minimum": 0},
    "$count": {"type": "boolean"},
    "$skiptoken": {"type": "string"},
    "$deltatoken": {"type": "string"},
}
_PRIMITIVES: Mapping[str, Schema] = {
    STRING: {"type": "string"},
    BOOLEAN: {"type": "boolean"},
    INT32: {"type": "integer", "format": "int32"},
    "operationStatus": {"$ref": "#/components/schemas/operationStatus"},
}
_KEY = re.compile(r"\{([a-z-]+)\}")
_GUARDED = {"PATCH", "DELETE"}
"""The methods with ``If-Match``."""


def openapi(routes: Routes, version: str) -> Schema:
    """Return the description; ``version`` is that of the gateway."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Invite participants operations, in the form of Microsoft Graph",
            "version": version,
        },
        "servers": [{"url": url} for url in VERSIONS],
        "security": [{"bearer": []}, {}],
        "paths": {
            resource or "/": {
                method.lower(): _operation(resource, method, operation)
                for method, operation in methods.items()
            }
            for resource, methods in routes.items()
        },
        "components": {
            "schemas": _schemas(),
            "responses": {"error": _response("An error.", _reference("error"))},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(resource: Resource, method: str, operation: Operation) -> Schema:
    described: Schema = {
        "operationId": f"{resource.name.lower()}.{operation.name}",
        "summary": operation.summary,
        "parameters": [*_parameters(resource, method, operation)],
        "responses": {
            str(operation.status): _success(resource, operation),
            "default": {"$ref": "#/components/responses/error"},
        },
    }
    if operation.request_type:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _reference(operation.request_type)}},
        }
    return described


def _parameters(resource: Resource, method: str, operation: Operation) -> list[Schema]:
    keys = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _KEY.findall(resource)
    ]
    options = [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in _OPTIONS.items()
        if name in operation.options
    ]
    names = [
        "client-request-id",
        *([PREFER] if operation.options or operation.request_type else []),
    ]
    names += ["If-Match"] if method in _GUARDED else []
    headers = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]
    return [*keys, *options, *headers]


def _success(resource: Resource, operation: Operation) -> Schema:
    if not operation.response_type:
        return {"description": "Done."}
    media_type = MEDIA_TYPES.get(resource, JSON)
    if media_type != JSON:
        return _response(operation.summary, {"type": "string"}, media_type)
    return _response(operation.summary, _reference(operation.response_type))


def _response(description: str, schema: Schema, media_type: str = JSON) -> Schema:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> Schema:
    text, anything = {"type": "string"}, {"type": "object"}
    return {
        "operationStatus": {"type": "string", "enum": list(STATUSES)},
        **{name: _type(type_) for name, type_ in STRUCTURED_TYPES.items()},
        COLLECTION: _object(
            {
                "@odata.context": text,
                "@odata.count": {"type": "integer"},
                "@odata.nextLink": text,
                "@odata.deltaLink": text,
                "value": {"type": "array", "items": _reference(ENTITY)},
            },
            "value",
        ),
        COUNT: text,
        INVITE_PARAMETERS: _object(
            {
                "participants": {"type": "array", "items": _reference(PARTICIPANT.name)},
                "clientContext": text,
            },
            "participants",
        ),
        "serviceDocument": anything,
        "batchRequest": _object({"requests": {"type": "array", "items": anything}}, "requests"),
        "batchResponse": _object({"responses": {"type": "array", "items": anything}}, "responses"),
        "error": _object(
            {"error": _object({"code": text, "message": text}, "code", "message")}, "error"
        ),
    }


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _type(type_: StructuredType) -> Schema:
    own: Schema = {
        "type": "object",
        "properties": {name: _property(one) for name, one in type_.own_properties.items()},
    }
    own["properties"][TYPE] = {"type": "string", "examples": [f"#{NAMESPACE}.{type_.name}"]}
    if type_.base is None:
        return own
    return {"allOf": [_reference(type_.base.name), own]}


def _property(declared: Property) -> Schema:
    schema = _PRIMITIVES.get(declared.type) or _reference(declared.type)
    if declared.is_collection:
        return {"type": "array", "items": schema}
    return {"anyOf": [schema, {"type": "null"}]} if declared.is_nullable else schema
