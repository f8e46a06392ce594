"""GraphQL over HTTP, and the pages and checks beside it."""
