"""What is known of the operations that documents ask for, before they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from gateway.execution.cache import Cache
from gateway.execution.documents import Documents
from gateway.execution.facts import Facts
from gateway.execution.operation import GraphQLRequest
from gateway.limits.arguments import defaults_of
from gateway.limits.cost import Costs
from gateway.limits.price import Price
from gateway.limits.repetition import check_repeated, repetitions
from schema import Schema

MOST_COSTS = 100
"""For so many costs of one operation the facts are kept."""


@dataclass(frozen=True)
class _Operation:
    """An operation: its facts, which hold for all values of its variables if its price does."""

    facts: Facts
    price: Price
    defaults: Mapping[str, Any]
    repeated: Mapping[str, int]
    by_cost: dict[int, Facts] = field(default_factory=dict)

    def facts_for(self, request: GraphQLRequest) -> Facts:
        """Return the facts of a request to run it; raise ``LimitExceeded``."""
        if self.repeated:
            check_repeated(self.repeated, request.variables)
        if isinstance(self.price, int):
            return self.facts
        values = request.variables.values
        cost = self.price({**self.defaults, **values} if self.defaults else values)
        return self.by_cost.get(cost) or self._costing(cost)

    def _costing(self, cost: int) -> Facts:
        """Make the facts of requests that cost so much; those of most are the same."""
        facts = replace(self.facts, cost=cost)
        if len(self.by_cost) < MOST_COSTS:
            self.by_cost[cost] = facts
        return facts


class Operations:
    """The operations asked for last, with what they cost."""

    def __init__(self, schema: Schema, documents: Documents, max_cost: int) -> None:
        self._documents = documents
        self._costs = Costs(schema.graphql)
        self._max_cost = max_cost
        self._operations = Cache(self._read)

    def has(self, request: GraphQLRequest) -> bool:
        """Tell whether the operation is known, so that its document need not be read."""
        return self._operations.has(request.query, request.operation_name)

    def facts(self, request: GraphQLRequest) -> Facts:
        """Return the facts of a request; raise ``InvalidDocumentError`` or ``RequestError``."""
        operation = self._operations.get(request.query, request.operation_name)
        return operation.facts_for(request)

    def _read(self, query: str, operation_name: str | None) -> _Operation:
        document = self._documents.load(query)
        node = document.operation(operation_name)
        price = self._costs.price(document, node)
        facts = Facts(
            document_hash=hash_of(query),
            operation_name=node.name.value if node.name else None,
            type=node.operation,
            cost=price if isinstance(price, int) else 0,
            cost_limit=self._max_cost,
        )
        return _Operation(
            facts, price, defaults_of(node.variable_definitions or ()), repetitions(document, node)
        )


def hash_of(query: str) -> str:
    """Return the SHA-256 of a document's text, as hexadecimal digits."""
    return sha256(query.encode(errors="surrogatepass")).hexdigest()
