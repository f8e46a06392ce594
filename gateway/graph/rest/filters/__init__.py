"""``$filter`` and ``$search``: read by a grammar, and translated into the filter of GraphQL."""
