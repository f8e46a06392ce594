"""From SQLAlchemy's statements to the text and parameters that the driver takes."""

from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

_DIALECT = sqlite_dialect(paramstyle="named")


def compiled(statement: ClauseElement) -> tuple[str, dict[str, Any]]:
    """Return the SQL of a statement and its parameters by name."""
    sql = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return sql.string, dict(sql.params)
