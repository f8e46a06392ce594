"""Everything that depends on an operation alone, cached by its document's text and its name.

An entry serves all requests for the operation, with any values of variables.
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
from gateway.documents.request import GraphQLRequest, Variables
from gateway.execution.compiled.fallback import Declined
from gateway.execution.compiled.plan import Plan, compile_plan
from gateway.execution.compiled.selections import condition_variables
from gateway.execution.compiled.variables import CoercedVariables, VariableTypes
from schema import Schema

MAX_KEPT_COSTS = 100
"""For how many different costs of an operation its information is cached."""
MAX_CONDITIONS = 6
"""How many variables may be conditions of selections: each doubles the number of plans."""


@dataclass
class Compilation:
    """The plans of an operation, by the values of its conditions.

    It has no reference to the document, which is large.
    """

    variables: VariableTypes
    conditions: list[str]
    plans: dict[tuple[bool, ...], Plan | str] = field(default_factory=dict)
    """A plan, or the reason why there is none: not the exception, which would keep its frames."""

    def condition_values(self, given: CoercedVariables) -> tuple[bool, ...]:
        """Return the values of the conditions; raise ``Declined`` if one is not a Boolean."""
        return (
            tuple([_condition_value(given, name) for name in self.conditions])
            if self.conditions
            else ()
        )


def _condition_value(given: CoercedVariables, name: str) -> bool:
    value = given.typed.get(name)
    if not isinstance(value, bool):
        raise Declined("a condition to coerce")
    return value


@dataclass
class PreparedOperation:
    """An operation: its information for logs and metrics, its price and its plans."""

    info: OperationInfo
    """The information on all requests, with their cost if that depends on no variable."""
    price: Price
    defaults: Mapping[str, Any]
    repeated: Mapping[str, int]
    compilation: Compilation | str
    """A string is the reason why there are no plans."""
    depends_on_more: bool
    """Whether its document asks for the time (``overdue``) or for the client (``viewer``)."""
    by_cost: dict[int, OperationInfo] = field(default_factory=dict)

    def is_cacheable(self, variables: Variables) -> bool:
        """Return whether an answer depends on the store and the client's scopes alone.

        The variables may have a filter that asks for the time; an escape may hide its name.
        """
        text = variables.text
        return not (self.depends_on_more or b"overdue" in text or b"\\u" in text)

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
    """A cache of operations, by their document's text and their name."""

    def __init__(self, schema: Schema, documents: Documents, *, max_cost: int) -> None:
        self._schema = schema
        self._documents = documents
        self._costs = Costs(schema.graphql)
        self._max_cost = max_cost
        self._cache = Cache(self._prepare)
        self.get = self._cache.get
        """Return an operation, and prepare it if it is not cached.

        Raises ``InvalidDocumentError`` or ``OperationNotFound``.
        """
        self.find = self._cache.find
        """Return an operation if it is cached, or None."""

    def plan(
        self, operation: PreparedOperation, request: GraphQLRequest
    ) -> tuple[Plan, CoercedVariables]:
        """Return the plan of a request, and the values of its variables.

        Raises ``Declined`` if there is no plan.
        """
        compilation = operation.compilation
        if isinstance(compilation, str):
            raise Declined(compilation)
        given = compilation.variables.coerce(request.variables)
        condition_values = compilation.condition_values(given)
        plan = compilation.plans.get(condition_values)
        if plan is None:
            plan = self._compile(
                request, dict(zip(compilation.conditions, condition_values, strict=True))
            )
            compilation.plans[condition_values] = plan
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
            depends_on_more="overdue" in text or "viewer" in text,
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
            declared = VariableTypes(self._schema.graphql, node.variable_definitions or ())
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
