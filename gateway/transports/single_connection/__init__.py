"""GraphQL over SSE in single connection mode: many operations, one stream of their results.

Browsers keep six connections to a host over HTTP/1.1, so six streams leave none for other requests.
The protocol is that of graphql-sse's PROTOCOL.md: PUT reserves a stream, GET opens it, POST starts
an operation, and DELETE ends one.
"""
