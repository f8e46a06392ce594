"""Alembic's migrations: each brings a database one step further."""
