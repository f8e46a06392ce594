"""A GraphQL request and its answer, as every transport has them."""

from dataclasses import dataclass
from typing import Any, Protocol

from schema.context import Context


@dataclass(frozen=True)
class GraphQLRequest:
    """A document and how to run it: the parameters of GraphQL over HTTP."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """A result in GraphQL's response format, its errors already as clients see them.

    ``executed`` is false for a request error: nothing ran, and ``data`` is left out.
    """

    executed: bool
    data: dict[str, Any] | None
    errors: list[dict[str, Any]]

    def payload(self) -> dict[str, Any]:
        """Return the response object: errors first, as the specification suggests."""
        payload: dict[str, Any] = {}
        if self.errors:
            payload["errors"] = self.errors
        if self.executed:
            payload["data"] = self.data
        return payload


class Executor(Protocol):
    """What runs GraphQL requests."""

    async def execute(
        self, request: GraphQLRequest, context: Context, *, request_id: str, read_only: bool
    ) -> Answer:
        """Run a request and return its answer.

        Raises ``MutationNotAllowed`` when ``read_only`` and the operation to run is no query.
        """
