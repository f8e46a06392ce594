"""GraphQL requests and their answers, for all transports."""

from functools import cached_property
from typing import Any

from msgspec import Raw, Struct

from gateway.documents.json import decode
from gateway.documents.operation_info import OperationInfo

JSONObject = dict[str, Any]
Data = JSONObject | Raw
"""The data of an answer, which may be encoded."""

PERSISTED_QUERY = "persistedQuery"
"""The extension in which Apollo's clients send a document's id."""


class Variables:
    """The values of variables: a JSON object that is decoded when ``values`` is first read.

    A plan decodes the text as the types that the operation declares, so most need no other
    decoding. The text is empty if there are only ``values``; then no plan can be used.
    """

    def __init__(self, text: bytes, values: JSONObject | None = None) -> None:
        self.text = text
        if values is not None:
            self.values = values

    @cached_property
    def values(self) -> JSONObject:
        """The values as JSON."""
        values: JSONObject = decode(self.text)
        return values


NO_VARIABLES = Variables(b"{}")


class GraphQLRequest(Struct, frozen=True):
    """The parameters of a request (GraphQL over HTTP, section 5).

    ``query`` is empty if the client sent only the document's id, here or in the extensions.
    """

    query: str
    operation_name: str | None = None
    variables: Variables = NO_VARIABLES
    extensions: JSONObject | None = None
    document_id: str | None = None


class Answer(Struct):
    """A response, with errors in the format for clients.

    ``executed`` is False for a request error: nothing was executed, and ``data`` is left out.
    """

    executed: bool
    data: Data | None
    errors: list[dict[str, Any]]
    info: OperationInfo | None = None
    is_cacheable: bool = True
    """Whether it is the same for all clients with the same scopes until the store changes."""
    retry_after: int | None = None
    """After how many seconds a refused request may be sent again."""

    def payload(self, *, with_cost: bool = False) -> dict[str, Any]:
        """Return the response object: errors first, as the specification suggests."""
        payload: dict[str, Any] = {}
        if self.errors:
            payload["errors"] = self.errors
        if self.executed:
            payload["data"] = self.data
        if with_cost and self.info:
            cost = {"requested": self.info.cost, "limit": self.info.cost_limit}
            payload["extensions"] = {"cost": cost}
        return payload
