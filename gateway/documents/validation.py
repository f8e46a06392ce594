"""Validation in bounded time: some of graphql-core's rules are quadratic.

The time for the worst document within the limits is measured; see
``gateway/documents/text_bounds.py``.
"""

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import MAX_FRAGMENT_WORK

from gateway.documents.json import TOO_MANY_DIGITS
from gateway.documents.one_of import OneOfVariablesRule
from schema import Schema
from schema.errors import LimitExceeded

MAX_COMPARISONS = 10_000
MAX_ERRORS = 5
MAX_ERRORS_WITH_SUGGESTIONS = 3
MAX_TOKENS_WITH_SUGGESTIONS = 500
"""Suggestions take up to 10 ms for each error, and another validation."""
MAX_MESSAGE = 500
"""In characters: messages quote the document, possibly all of it."""


class BoundedOverlappingFieldsRule(OverlappingFieldsCanBeMergedRule):
    """Compares fields with equal response keys, up to a limit of comparisons."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS

    def enter_selection_set(self, selection_set: SelectionSetNode, *place: object) -> None:
        """Compare the fields of a selection set; raise ``LimitExceeded`` at the limit."""
        try:
            super().enter_selection_set(selection_set, *place)
        except ValidationAbortedError:
            if self.rule_context.remaining_complexity_budget >= 0:
                raise
            raise LimitExceeded(
                "Too many fields of the document may answer under the same names: to see whether "
                f"they agree takes more than {MAX_COMPARISONS:,} comparisons. Give fields names "
                "of their own, or spread fewer fragments in one place.",
                limit="comparisons",
                value=MAX_COMPARISONS,
                requested=MAX_COMPARISONS + 1,
            ) from None


_RULES: tuple[type[ASTValidationRule], ...] = (
    *(
        BoundedOverlappingFieldsRule if rule is OverlappingFieldsCanBeMergedRule else rule
        for rule in specified_rules
    ),
    OneOfVariablesRule,
)


def validation_errors(schema: Schema, ast: DocumentNode, *, suggests: bool) -> list[GraphQLError]:
    """Return the errors of a document, at most ``MAX_ERRORS``.

    If ``suggests``, errors have suggestions, unless there are too many. Raises ``LimitExceeded`` if
    the document takes too long to validate.
    """
    errors = _validate(schema, ast, hide_suggestions=True)
    if suggests and 0 < len(errors) <= MAX_ERRORS_WITH_SUGGESTIONS:
        errors = _validate(schema, ast, hide_suggestions=False)
    for error in errors:
        if len(error.message) > MAX_MESSAGE:
            error.message = f"{error.message[:MAX_MESSAGE]}…"
    return errors


def _validate(schema: Schema, ast: DocumentNode, *, hide_suggestions: bool) -> list[GraphQLError]:
    try:
        errors = validate(
            schema.graphql, ast, _RULES, max_errors=MAX_ERRORS, hide_suggestions=hide_suggestions
        )
    except ValueError:  # an integer of more than 4,300 digits
        return [GraphQLError(f"A number in the document has {TOO_MANY_DIGITS}")]
    if errors and isinstance(errors[-1], ValidationAbortedError):
        return [*errors[:-1], _abort_error(len(errors) - 1)]
    return errors


def _abort_error(errors: int) -> GraphQLError:
    if errors >= MAX_ERRORS:
        return GraphQLError(f"There are more errors than these {MAX_ERRORS}. Correct them first.")
    return LimitExceeded(
        "The fragments of the document are spread in too many places. Spread fewer of them.",
        limit="fragmentWork",
        value=MAX_FRAGMENT_WORK,
        requested=MAX_FRAGMENT_WORK + 1,
    )
