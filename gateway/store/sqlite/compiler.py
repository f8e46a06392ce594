"""From SQLAlchemy's statements to the text and parameters that the driver takes."""

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from gateway.store.queries import Statement

_DIALECT = sqlite_dialect(paramstyle="named")


def compiled(statement: ClauseElement) -> Statement:
    """Return a statement's SQL, with the parameters that have their value already."""
    sql = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in sql.params.items() if value is not None}
    return Statement(sql.string, constants)
