"""What is served besides GraphQL and REST: pages, descriptions, redirects, health and metrics."""
