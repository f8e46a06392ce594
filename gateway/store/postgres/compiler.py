"""Compilation of SQLAlchemy's statements to SQL and parameters for asyncpg."""

from typing import Any

from sqlalchemy import ARRAY, Boolean, ClauseElement, Column
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.store.constructs import (
    CaseFolded,
    Contains,
    EachIdentity,
    EachParticipant,
    EndsWith,
    IdentityEquals,
    IdentityMemberOf,
    JSONField,
    LongTextEquals,
    LongTextMemberOf,
    MemberOf,
    Percentiles,
    StartsWith,
    compile_with,
)
from gateway.store.postgres.columns import FOLDED, KEY_REPEATED, LONGEST_KEY
from gateway.store.queries import Statement

_KEY = (
    f"CASE WHEN length({{0}}) <= {LONGEST_KEY} THEN {{0}} "
    f"ELSE repeat(encode(sha256(convert_to({{0}}, 'UTF8')), 'hex'), {KEY_REPEATED}) END"
)
"""``index_key`` in SQL."""
_KEYS = f"ARRAY(SELECT {_KEY.format('each')} FROM unnest({{1}}) AS each)"  # noqa: S608  no values
_BEGINNING, _BEGINNING_OF_OPERAND = (f"left({{{n}}}, {LONGEST_KEY})" for n in (0, 1))
_BEGINNINGS = f"ARRAY(SELECT left(each, {LONGEST_KEY}) FROM unnest({{1}}) AS each)"  # noqa: S608

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # as SQLAlchemy has it

compile_with(
    "postgresql",
    {
        Contains: "(strpos({0}, {1}) > 0)",
        StartsWith: "starts_with({0}, {1})",
        EndsWith: "(right({0}, length({1})) = {1})",
        MemberOf: "({0} = ANY ({1}))",
        # The index has only the beginnings of texts; the whole texts are compared after that.
        LongTextEquals: f"({_BEGINNING} = {_BEGINNING_OF_OPERAND} AND {{0}} = {{1}})",
        LongTextMemberOf: f"({_BEGINNING} = ANY ({_BEGINNINGS}) AND {{0}} = ANY ({{1}}))",
        IdentityEquals: f"({{0}} = {_KEY.format('{1}')})",
        IdentityMemberOf: f"({{0}} = ANY ({_KEYS}))",
        EachIdentity: "jsonb_each({0} -> 'identity')",
        Percentiles: "percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {0})",
    },
)


@compiles(CaseFolded, "postgresql")
def _case_folded(element: CaseFolded, compiler: SQLCompiler, **options: object) -> str:
    """Use the copy that Python folded, if there is one: PostgreSQL folds differently."""
    (value,) = element.clauses
    match value:
        case JSONField():
            *names, last = value.path
            folded: Any = JSONField(*value.clauses, *names, f"{last}{FOLDED}")
        case Column():
            folded = value.table.c.get(f"{value.name}_folded", value)
    parts = (compiler.process(each, **options) for each in (folded, value))
    return f"coalesce({', '.join(parts)})"


@compiles(JSONField, "postgresql")
def _json_field(field: JSONField, compiler: SQLCompiler, **options: object) -> str:
    (json,), path = field.clauses, field.path
    if isinstance(json, JSONField):
        (json,), path = json.clauses, (*json.path, *path)
    *names, last = (f"'{name}'" for name in path)
    text = f"{' -> '.join((compiler.process(json, **options), *names))} ->> {last}"
    return f"({text})::boolean" if isinstance(field.type, Boolean) else f'(({text}) COLLATE "C")'


@compiles(EachParticipant, "postgresql")
def _each_participant(element: EachParticipant, compiler: SQLCompiler, **options: object) -> str:
    document: Any
    (document,) = element.clauses
    participants = compiler.process(document.table.c.participants, **options)
    return f"jsonb_array_elements({participants})"


def compiled(statement: ClauseElement) -> Statement:
    """Compile a statement."""
    sql: Any = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in sql.params.items() if value is not None}
    lists = frozenset(name for name, bind in sql.binds.items() if isinstance(bind.type, ARRAY))
    return Statement(sql.string, constants, tuple(sql.positiontup), lists)
