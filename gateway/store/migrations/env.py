"""Run the migrations on the connection that ``gateway.store.migrate`` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
