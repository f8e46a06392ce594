"""What is known of an operation before a request to run it: made once, and found by its text.

One entry serves every request that names the same operation of the same document, whatever the
values of its variables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from graphql import OperationDefinitionNode

from gateway.documents.arguments import defaults_of
from gateway.documents.cache import Cache
from gateway.documents.cost import Costs
from gateway.documents.operation_info import OperationInfo
from gateway.documents.parsing import MAX_CACHED_LENGTH, Document, Documents
from gateway.documents.price import Price
from gateway.documents.repetition import check_repeated, repetitions
from gateway.documents.request import GraphQLRequest
from gateway.execution.compiled.declined import Declined
from gateway.execution.compiled.plan import Plan, compile_plan
from gateway.execution.compiled.selections import condition_variables
from gateway.execution.compiled.variables import Declared, Given
from schema import Schema

MAX_KEPT_COSTS = 100
"""For how many different costs of an operation its information is kept."""
MAX_CONDITIONS = 6
"""How many variables may decide on selections: each doubles how many plans there may be."""


@dataclass
class Compilation:
    """How an operation is run by plans, one for each way its conditions can turn out.

    It keeps nothing of the document, which is large.
    """

    variables: Declared
    conditions: list[str]
    plans: dict[tuple[bool, ...], Plan | str] = field(default_factory=dict)
    """A plan, or the reason why there is none. A reason is kept as text: an exception that is
    raised again and again would keep the frames it passed."""

    def outcomes(self, given: Given) -> tuple[bool, ...]:
        """Return the values of the conditions; raise ``Declined`` if one is not a Boolean."""
        return tuple([_outcome(given, name) for name in self.conditions]) if self.conditions else ()


def _outcome(given: Given, name: str) -> bool:
    value = given.typed.get(name)
    if not isinstance(value, bool):
        raise Declined("a condition to coerce")
    return value


@dataclass
class PreparedOperation:
    """An operation: what logs and metrics tell of it, its price, and how it is run."""

    info: OperationInfo
    """What holds for every request; with the cost, if that depends on no variable."""
    price: Price
    defaults: Mapping[str, Any]
    repeated: Mapping[str, int]
    compilation: Compilation | str
    """A text is the reason why no request of it is run by a plan."""
    by_cost: dict[int, OperationInfo] = field(default_factory=dict)

    def info_of(self, request: GraphQLRequest) -> OperationInfo:
        """Return the information on a request, with its cost; raise ``LimitExceeded``."""
        if self.repeated:
            check_repeated(self.repeated, request.variables)
        if isinstance(self.price, int):
            return self.info
        values = request.variables.values
        cost = self.price({**self.defaults, **values} if self.defaults else values)
        return self.by_cost.get(cost) or self._with_cost(cost)

    def _with_cost(self, cost: int) -> OperationInfo:
        info = replace(self.info, cost=cost)
        if len(self.by_cost) < MAX_KEPT_COSTS:
            self.by_cost[cost] = info
        return info


class PreparedOperations:
    """The operations asked for last, by their document's text and their name."""

    def __init__(self, schema: Schema, documents: Documents, *, max_cost: int) -> None:
        self._schema = schema
        self._documents = documents
        self._costs = Costs(schema.graphql)
        self._max_cost = max_cost
        self._cache = Cache(self._prepare)
        self.get = self._cache.get
        """Return an operation, prepared if need be; raise ``InvalidDocumentError`` or
        ``OperationNotFound``."""
        self.find = self._cache.find
        """Return an operation that is prepared already, or None."""

    def plan(self, operation: PreparedOperation, request: GraphQLRequest) -> tuple[Plan, Given]:
        """Return the plan that runs a request, and the values of its variables.

        Raises ``Declined`` where there is none.
        """
        compilation = operation.compilation
        if isinstance(compilation, str):
            raise Declined(compilation)
        given = compilation.variables.given(request.variables)
        outcomes = compilation.outcomes(given)
        plan = compilation.plans.get(outcomes)
        if plan is None:
            plan = self._compile(request, dict(zip(compilation.conditions, outcomes, strict=True)))
            compilation.plans[outcomes] = plan
        if isinstance(plan, str):
            raise Declined(plan)
        return plan, given

    def _prepare(self, text: str, operation_name: str | None) -> PreparedOperation:
        document = self._documents.load(text)
        node = document.operation(operation_name)
        price = self._costs.price(document, node)
        return PreparedOperation(
            OperationInfo(
                document_hash=document_hash(text),
                operation_name=node.name.value if node.name else None,
                type=node.operation,
                cost=price if isinstance(price, int) else 0,
                cost_limit=self._max_cost,
            ),
            price,
            defaults_of(node.variable_definitions or ()),
            repetitions(document, node),
            self._compilation(text, document, node),
        )

    def _compilation(
        self, text: str, document: Document, node: OperationDefinitionNode
    ) -> Compilation | str:
        if len(text) > MAX_CACHED_LENGTH:
            return "a long document"
        conditions = condition_variables(document.ast)
        if len(conditions) > MAX_CONDITIONS:
            return "many conditions"
        try:
            declared = Declared(self._schema.graphql, node.variable_definitions or ())
        except Declined as declined:
            return declined.reason
        return Compilation(declared, conditions)

    def _compile(self, request: GraphQLRequest, conditions: Mapping[str, bool]) -> Plan | str:
        document = self._documents.load(request.query)
        node = document.operation(request.operation_name)
        try:
            return compile_plan(self._schema, document, node, conditions)
        except Declined as declined:
            return declined.reason


def document_hash(text: str) -> str:
    """Return the SHA-256 of a document's text in UTF-8, as hexadecimal digits."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
