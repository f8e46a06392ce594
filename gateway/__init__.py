"""The machine that serves the schema: HTTP, execution, and the store."""
