"""A GraphQL request and its answer, as every transport has them."""

from functools import cached_property
from typing import Any

from msgspec import Raw, Struct

from gateway.documents.json import decode
from gateway.documents.operation_info import OperationInfo

JSONObject = dict[str, Any]
Data = JSONObject | Raw
"""An answer's data, which may be encoded already."""

PERSISTED_QUERY = "persistedQuery"
"""The extension in which Apollo's clients give a document's id."""


class Variables:
    """The values of variables: the JSON object they came as, decoded when somebody looks inside.

    A plan reads the text at once as the types an operation declares, so most are never decoded.
    Where there are only ``values``, the text is empty: no plan can read it.
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


_TIMED = "overdue"

NO_VARIABLES = Variables(b"{}")


class GraphQLRequest(Struct, frozen=True):
    """A document and how to run it: the parameters of GraphQL over HTTP.

    A client that gives only the document's id, there or in the extensions, leaves ``query`` empty.
    """

    query: str
    operation_name: str | None = None
    variables: Variables = NO_VARIABLES
    extensions: JSONObject | None = None
    document_id: str | None = None

    @property
    def depends_on_time(self) -> bool:
        """Whether its answer may change while nothing in the store does.

        Only the filter ``overdue`` asks for the time. An escape in the variables may hide its name.
        """
        text = self.variables.text
        return _TIMED in self.query or _TIMED.encode() in text or b"\\u" in text


class Answer(Struct):
    """A result in GraphQL's response format, its errors already as clients see them.

    ``executed`` is false for a request error: nothing ran, and ``data`` is left out.
    """

    executed: bool
    data: Data | None
    errors: list[dict[str, Any]]
    info: OperationInfo | None = None
    depends_on_time: bool = False
    """Whether another one to the same request may differ though nothing in the store does."""
    retry_after: int | None = None
    """In how many seconds a request that was refused may be sent again as it is."""

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
