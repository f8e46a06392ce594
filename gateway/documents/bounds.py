"""Limits on parsed documents, checked before validation.

A fragment counts for each of its spreads, as if it were expanded: a few fragments that spread each
other can expand to millions of selections. The size of each fragment is computed once.
"""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.documents.limit import Limit
from gateway.documents.text_bounds import check_text

_OPERATIONS = Limit("operations", 50, "operations", "Send only those that are to run.")
_FRAGMENTS = Limit("fragments", 100, "fragments", "Send only those that are used.")
_VARIABLES = Limit(
    "variables", 100, "variables in one operation", "Put several in one input object."
)
_DIRECTIVES = Limit("directives", 100, "directives", "Put selections in fragments with one each.")
_ROOT_FIELDS = Limit(
    "rootFields", 30, "fields at the root of an operation", "Send several requests."
)
_ALIASES = Limit("aliases", 100, "aliases, with fragments written out", "Send several requests.")
_SELECTIONS = Limit(
    "selections",
    2_000,
    "selections, with fragments written out",
    "Select less, or spread fewer fragments.",
)
MAX_DEPTH = 16


@dataclass
class _Size:
    """The size of a selection set, with fragments expanded."""

    depth: int = 0
    selections: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    """Without expansion: what takes long is to validate them."""


@dataclass
class _Definition:
    """The size of a definition without its fragments, and the fragments with their depths."""

    size: _Size = field(default_factory=_Size)
    spreads: list[tuple[str, int]] = field(default_factory=list)


class DocumentBounds:
    """The limits on documents."""

    def __init__(self, max_depth: int = MAX_DEPTH) -> None:
        self._depth = Limit(
            "depth", max_depth, "levels of fields, one under another", "Select less deeply."
        )

    def check_text(self, text: str) -> None:
        """Check a text before it is parsed; raise ``LimitExceeded``."""
        check_text(text)

    def check_document(self, ast: DocumentNode) -> None:
        """Check a document before it is validated; raise ``LimitExceeded``."""
        operations, fragments = _split(ast)
        _OPERATIONS.check(len(operations))
        _FRAGMENTS.check(len(fragments))
        for operation in operations:
            _VARIABLES.check(len(operation.variable_definitions or ()))
        own = {fragment.name.value: _measure(fragment) for fragment in fragments}
        roots = [_measure(operation) for operation in operations]
        _DIRECTIVES.check(sum(one.size.directives for one in (*roots, *own.values())))
        expanded = _ExpandedSizes(own)
        sizes = [expanded.size(root) for root in roots]
        _SELECTIONS.check(sum(size.selections for size in sizes))
        _ROOT_FIELDS.check(max((size.root_fields for size in sizes), default=0))
        for size in (*sizes, *map(expanded.fragment, own)):
            _SELECTIONS.check(size.selections)
            _ALIASES.check(size.aliases)
            self._depth.check(size.depth)


class _ExpandedSizes:
    """Sizes with fragments expanded.

    A fragment within itself counts as empty there: validation refuses it.
    """

    def __init__(self, own: dict[str, _Definition]) -> None:
        self._own = own
        self._sizes: dict[str, _Size] = {}

    def fragment(self, name: str) -> _Size:
        """Return the size of a fragment, which is empty if it is not defined."""
        if name not in self._sizes:
            self._sizes[name] = _Size()
            if name in self._own:
                self._sizes[name] = self.size(self._own[name])
        return self._sizes[name]

    def size(self, definition: _Definition) -> _Size:
        """Return the size of a definition."""
        size = _Size(**vars(definition.size))
        for name, depth in definition.spreads:
            spread = self.fragment(name)
            size.depth = max(size.depth, depth + spread.depth)
            size.selections += spread.selections
            size.aliases += spread.aliases
            size.root_fields += spread.root_fields if depth == 0 else 0
        return size


def _split(
    ast: DocumentNode,
) -> tuple[list[OperationDefinitionNode], list[FragmentDefinitionNode]]:
    operations, fragments = [], []
    for definition in ast.definitions:
        match definition:
            case OperationDefinitionNode():
                operations.append(definition)
            case FragmentDefinitionNode():
                fragments.append(definition)
    return operations, fragments


def _measure(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Definition:
    """Return the size of a definition without its fragments."""
    own = _Definition()
    size = own.size
    variables = definition.variable_definitions or ()
    size.directives = sum(len(node.directives or ()) for node in (definition, *variables))
    pending: list[tuple[SelectionSetNode, int]] = [(definition.selection_set, 0)]
    while pending:
        selection_set, depth = pending.pop()
        size.selections += len(selection_set.selections)
        for selection in selection_set.selections:
            size.directives += len(selection.directives or ())
            match selection:
                case FieldNode():
                    size.depth = max(size.depth, depth + 1)
                    size.aliases += selection.alias is not None
                    size.root_fields += depth == 0
                    if selection.selection_set:
                        pending.append((selection.selection_set, depth + 1))
                case InlineFragmentNode():
                    pending.append((selection.selection_set, depth))
                case FragmentSpreadNode():
                    own.spreads.append((selection.name.value, depth))
    return own
