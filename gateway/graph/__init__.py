"""Microsoft Graph's interface of the resource, beside GraphQL's."""
