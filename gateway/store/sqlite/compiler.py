"""Compiling statements of SQLAlchemy to SQL and parameters for SQLite."""

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
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
from gateway.store.queries import Statement
from schema.constraints import IDENTITY_KINDS

_DIALECT = sqlite_dialect(paramstyle="named")

_KINDS = ", ".join(f"'{kind}'" for kind in IDENTITY_KINDS)
_EACH_IDENTITY = f"""(
    SELECT key, value FROM json_each({{0}}, '$.identity') WHERE key IN ({_KINDS})
    UNION ALL
    SELECT key, value FROM json_each({{0}}, '$.identity.additionalProperties')
    WHERE type = 'object' AND json_type(value, '$.id') = 'text'
      AND coalesce(json_type(value, '$.displayName'), 'null') IN ('text', 'null')
)"""  # noqa: S608  constants alone

compile_with(
    "sqlite",
    {
        CaseFolded: "casefold({0})",
        Contains: "(instr({0}, {1}) > 0)",
        StartsWith: "(substr({0}, 1, length({1})) = {1})",
        # An empty ending starts after the last character.
        EndsWith: "(substr({0}, length({0}) - length({1}) + 1, length({1})) = {1})",
        **dict.fromkeys(
            (MemberOf, LongTextMemberOf, IdentityMemberOf),
            "({0} IN (SELECT value FROM json_each({1})))",
        ),
        **dict.fromkeys((LongTextEquals, IdentityEquals), "({0} = {1})"),
        EachParticipant: "json_each({0}, '$.participants')",
        EachIdentity: _EACH_IDENTITY,
        Percentiles: "group_concat({0})",
    },
)


@compiles(JSONField, "sqlite")
def _json_field(field: JSONField, compiler: SQLCompiler, **options: object) -> str:
    (json,) = field.clauses
    return f"json_extract({compiler.process(json, **options)}, '$.{'.'.join(field.path)}')"


def compiled(statement: ClauseElement) -> Statement:
    """Return the SQL of a statement, with the parameters whose values are known."""
    sql = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in sql.params.items() if value is not None}
    return Statement(sql.string, constants)
