"""The parser of ``$search`` (OData's URL conventions, section 5.1.7).

A word or phrase matches parts of the client context, the result's message and the participants'
names, regardless of case, and complete ids of operations and participants.
"""

from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from gateway.graph.rest.filters.nodes import malformed
from schema.excerpts import excerpt

MAX_TERMS = 20
OPTION = "$search"

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction | conjunction (_OR conjunction)+  -> any_of
?conjunction: term | term (_AND? term)+                     -> all_of
?term: "(" disjunction ")" | NOT term                      -> negation
    | (PHRASE | WORD)                                      -> found

_OR.3: /OR(?![^\s()"])/
_AND.3: /AND(?![^\s()"])/
NOT.3: /NOT(?![^\s()"])/
PHRASE.2: /"(?:[^"\\]|\\.)*"/
WORD: /[^\s()"]+/

%ignore /[ \t]+/
"""

Filter = dict[str, Any]


class _Filters(Transformer[Token, Filter]):
    """Builds the filter while the text is parsed, from the leaves up."""

    def any_of(self, parts: list[Filter]) -> Filter:
        return {"or": parts}

    def all_of(self, parts: list[Filter]) -> Filter:
        return {"and": parts}

    def negation(self, parts: list[Any]) -> Filter:
        return {"not": parts[1]}

    def found(self, tokens: list[Token]) -> Filter:
        (token,) = tokens
        text = str(token)
        if token.type == "PHRASE":
            text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        contains = {"contains": text, "ignoreCase": True}
        by_name = {"any": {"displayName": contains}}
        by_id = {"any": {"id": {"eq": text}}}
        return {
            "or": [
                {"id": {"eq": text}},
                {"clientContext": contains},
                {"resultInfo": {"message": contains}},
                {"participants": {"some": {"identity": by_name}}},
                {"participants": {"some": {"identity": by_id}}},
            ]
        }


_parser = Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=_Filters())


def parse_search(text: str) -> Filter:
    """Return a ``$search`` as a filter; raise a ``Fault`` with the position of a syntax error."""
    if text.count(" ") > MAX_TERMS * 2:
        raise malformed(f"It has more than {MAX_TERMS} words. Give fewer.", len(text), OPTION)
    try:
        filter_: Filter = _parser.parse(text)  # type: ignore[assignment]  # a tree, transformed
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        message = (
            f"{excerpt(text[at : at + 20])} is not expected." if text[at:] else "It ends early."
        )
    except UnexpectedCharacters as error:
        at = cast("int", error.pos_in_stream)
        message = f"{excerpt(text[at : at + 20])} cannot be read."
    else:
        return filter_
    raise malformed(message, at + 1, OPTION)
