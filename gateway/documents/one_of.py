"""The validation rule for variables in @oneOf inputs, which must be non-null.

graphql-core's rule misses inputs that are non-null or in lists. Strawberry's fails if a fragment is
defined before its operation, or if a variable is not declared.
"""

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    VariableNode,
    get_named_type,
    print_ast,
)


class OneOfVariablesRule(ValidationRule):
    """Refuses variables of a nullable type in a @oneOf input."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._inputs: dict[int, GraphQLInputObjectType] = {}
        """The types of the inputs with variables, by the ``id()`` of the variables' nodes."""

    def enter_object_value(self, node: ObjectValueNode, *_place: object) -> None:
        """Collect the variables in an input."""
        outer = self.context.get_input_type()
        if isinstance(outer, GraphQLInputObjectType):  # graphql-core's rule checks these
            return
        type_ = get_named_type(outer)
        if isinstance(type_, GraphQLInputObjectType) and type_.is_one_of:
            for field in node.fields:
                if isinstance(field.value, VariableNode):
                    self._inputs[id(field.value)] = type_

    def leave_document(self, node: DocumentNode, *_place: object) -> None:
        """Check the variables of each operation."""
        if not self._inputs:
            return
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self._check(definition)

    def _check(self, operation: OperationDefinitionNode) -> None:
        nullable = {
            definition.variable.name.value: definition
            for definition in operation.variable_definitions or ()
            if not isinstance(definition.type, NonNullTypeNode)
        }
        for usage in self.context.get_recursive_variable_usages(operation):
            type_, name = self._inputs.get(id(usage.node)), usage.node.name.value
            definition = nullable.get(name)
            if type_ and definition:
                message = (
                    f"Variable '${name}' is of type '{print_ast(definition.type)}' but must be "
                    f"non-nullable to be used for OneOf Input Object '{type_}'."
                )
                self.report_error(GraphQLError(message, [definition, usage.node]))
