"""The store of operations: it implements ``schema.ports`` on SQLite and on PostgreSQL."""
