"""The parser of ``$filter`` (OData's ABNF, section 4).

It is an LALR parser, which does not recurse, so nested parentheses cannot exhaust the stack.
"""

from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from gateway.graph.rest.filters.nodes import (
    Call,
    Comparison,
    Count,
    Literal,
    Logical,
    Membership,
    Negation,
    Node,
    Path,
    Quantified,
    depth_of,
    malformed,
    unsupported,
)
from schema.excerpts import excerpt

MAX_LENGTH = 8_190
"""In characters: the maximum length of a URL."""

GRAMMAR = r"""
?start: disjunction

?disjunction: conjunction
    | conjunction (OR conjunction)+        -> any_of
?conjunction: condition
    | condition (AND condition)+           -> all_of
?condition: comparison
    | NOT condition                        -> negation
?comparison: operand
    | operand COMPARATOR operand           -> comparison
    | operand IN "(" [operand ("," operand)*] ")"   -> membership
?operand: primary
    | operand ARITHMETIC primary           -> arithmetic
?primary: "(" disjunction ")"
    | literal
    | path
    | path "/" COUNT                       -> count
    | NAME "(" [disjunction ("," disjunction)*] ")" -> call
    | path "/" QUANTIFIER "(" ")"          -> quantified
    | path "/" QUANTIFIER "(" NAME ":" disjunction ")" -> quantified

path: NAME | path "/" NAME

literal: STRING | NUMBER | BOOLEAN | NULL | OTHER

OR.3: /or\b/
AND.3: /and\b/
NOT.3: /not\b/
IN.3: /in\b/
COMPARATOR.3: /(?:eq|ne|gt|ge|lt|le)\b/
ARITHMETIC.3: /(?:add|sub|mul|divby|div|mod|has)\b/
BOOLEAN.3: /(?:true|false)\b/
NULL.3: /null\b/
QUANTIFIER.3: /(?:any|all)(?=\s*\()/
COUNT: "$count"
OTHER.4: GUID | TIME | /-?INF\b|NaN\b/
GUID: /[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/
TIME: /\d{4}-\d\d-\d\d[0-9TZ:.+-]*/
NUMBER.2: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/
STRING.5: /(?:[A-Za-z_][\w.]*)?'(?:[^']|'')*'/
NAME: /[^\W\d]\w*(?:\.[^\W\d]\w*)*/

%ignore /[ \t]+/
"""


def parse(text: str) -> Node:
    """Parse a ``$filter``; raise a ``Fault`` with the position of a syntax error."""
    if len(text) > MAX_LENGTH:
        raise malformed(f"It is longer than {MAX_LENGTH:,} characters. Shorten it.", MAX_LENGTH)
    try:
        node: Node = _parser.parse(text)  # type: ignore[assignment]  # a tree, transformed
    except UnexpectedCharacters as error:
        position = cast("int", error.pos_in_stream)
        message = f"{excerpt(text[position : position + 20])} cannot be read as a filter."
    except UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        message = (
            "The filter ends too early."
            if error.token.type == "$END"
            else f"{excerpt(str(error.token))} is not expected."
        )
    else:
        return node
    raise malformed(message, position + 1)


def _at(token: Token) -> int:
    return (token.start_pos or 0) + 1


class _Nodes(Transformer[Token, Node]):
    """Builds the tree while the text is parsed, from the leaves up."""

    def path(self, parts: list[Any]) -> Node:
        *before, name = parts
        if before:
            return Path((*before[0].names, str(name)), before[0].at)
        return Path((str(name),), _at(name))

    def literal(self, tokens: list[Token]) -> Node:
        (token,) = tokens
        text, at = str(token), _at(token)
        match token.type:
            case "STRING":
                type_, _, quoted = text.partition("'")
                return Literal(quoted[:-1].replace("''", "'"), type_, at)
            case "BOOLEAN":
                return Literal(text == "true", text, at)
            case "NULL":
                return Literal(None, text, at)
            case "NUMBER" if text.removeprefix("-").isdecimal() and len(text) < _TOO_MANY_DIGITS:
                return Literal(int(text), text, at)
        return Literal(None, text, at, is_other=True)

    def count(self, parts: list[Any]) -> Node:
        return Count(parts[0], parts[0].at)

    def any_of(self, parts: list[Any]) -> Node:
        operands = parts[::2]
        return Logical("or", operands, operands[0].at, depth_of(operands[0].at, *operands))

    def all_of(self, parts: list[Any]) -> Node:
        operands = parts[::2]
        return Logical("and", operands, operands[0].at, depth_of(operands[0].at, *operands))

    def negation(self, parts: list[Any]) -> Node:
        at = _at(parts[0])
        return Negation(parts[1], at, depth_of(at, parts[1]))

    def comparison(self, parts: list[Any]) -> Node:
        left, comparator, right = parts
        return Comparison(comparator, left, right, left.at, depth_of(left.at, left, right))

    def membership(self, parts: list[Any]) -> Node:
        operand, _, *values = parts
        values = [value for value in values if value is not None]
        return Membership(operand, values, operand.at, depth_of(operand.at, operand, *values))

    def arithmetic(self, parts: list[Any]) -> Node:
        operator = parts[1]
        raise unsupported(f"The operator '{operator}' is not supported.", _at(operator))

    def call(self, parts: list[Any]) -> Node:
        name, *arguments = [part for part in parts if part is not None]
        at = _at(name)
        return Call(str(name), arguments, at, depth_of(at, *arguments))

    def quantified(self, parts: list[Any]) -> Node:
        path, quantifier, *rest = parts
        variable, condition = rest or ("", None)
        within = () if condition is None else (condition,)
        return Quantified(
            path, quantifier, str(variable), condition, path.at, depth_of(path.at, *within)
        )


_TOO_MANY_DIGITS = 12
"""The length from which on an integer cannot have 32 bits."""

_parser = Lark(
    GRAMMAR, parser="lalr", lexer="contextual", transformer=_Nodes(), maybe_placeholders=True
)
