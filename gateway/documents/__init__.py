"""GraphQL requests and their documents: parsing, validation, limits, cost, persisted documents."""
