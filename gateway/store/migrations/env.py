"""Run the migrations on the given connection, or write them as SQL for PostgreSQL."""

from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", output_buffer=context.config.attributes["script"])
else:
    context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
