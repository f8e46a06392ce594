"""What databases say in different ways: constructs that each dialect compiles to SQL of its own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.store.tables import operations


class CaseFolded(FunctionElement[str]):
    """A text with its case folded, as Unicode has it."""

    inherit_cache = False
    type = Text()


class Contains(FunctionElement[bool]):
    """Whether a text has another one in it."""

    inherit_cache = False


class StartsWith(FunctionElement[bool]):
    """Whether a text starts with another one."""

    inherit_cache = False


class EndsWith(FunctionElement[bool]):
    """Whether a text ends with another one."""

    inherit_cache = False


class MemberOf(FunctionElement[bool]):
    """Whether a value is in a list of any length, which is one parameter."""

    inherit_cache = False

    def __init__(self, value: ColumnElement[Any], parameter: str) -> None:
        kind = BigInteger() if isinstance(value.type, BigInteger) else Text()
        super().__init__(value, bindparam(parameter, type_=ARRAY(kind)))


class LongTextEquals(FunctionElement[bool]):
    """Whether a column equals a text, either of which may be too long for an index."""

    inherit_cache = False


class LongTextMemberOf(MemberOf):
    """Whether the text of such a column is in a list."""

    inherit_cache = False


class IdentityEquals(FunctionElement[bool]):
    """Whether the table of identities has an id in a row."""

    inherit_cache = False


class IdentityMemberOf(MemberOf):
    """Whether the table of identities has one of a list of ids in a row."""

    inherit_cache = False


class JSONField(FunctionElement[Any]):
    """What stands at a path of names in JSON, NULL for nothing."""

    inherit_cache = False

    def __init__(
        self, json: ColumnElement[Any], *path: str, type_: Text | Boolean | None = None
    ) -> None:
        super().__init__(json)
        self.path = path
        self.type = type_ or Text()


class EachParticipant(FunctionElement[Any]):
    """A table of an operation's participants: ``value``."""

    inherit_cache = False

    def __init__(self) -> None:
        super().__init__(operations.c.document)


class EachIdentity(FunctionElement[Any]):
    """A table of a participant's identities: ``key``, ``value``."""

    inherit_cache = False


class Percentiles(FunctionElement[Any]):
    """The median and the 95th percentile of a column in a group, or what they are computed from."""

    inherit_cache = False


Templates = Mapping[type[FunctionElement[Any]], str]
"""SQL for constructs, in which ``{0}``, ``{1}`` … stand for their parts."""


def compile_with(dialect: str, templates: Templates) -> None:
    """Have a dialect compile constructs to templates."""
    for construct, template in templates.items():
        compiles(construct, dialect)(_filled(template))


def _filled(template: str) -> Any:  # noqa: ANN401  what SQLAlchemy takes
    def compiled(element: Any, compiler: SQLCompiler, **options: object) -> str:  # noqa: ANN401
        parts = (compiler.process(part, **options) for part in element.clauses)
        return template.format(*parts)

    return compiled
