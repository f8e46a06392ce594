"""Microsoft Graph's own form of the resource: OData's JSON."""
