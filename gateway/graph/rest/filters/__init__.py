"""``$filter`` and ``$search``, parsed by a grammar and translated into the GraphQL filter."""
