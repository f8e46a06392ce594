"""The resource in the form of Microsoft Graph's REST API: OData 4.0 in JSON."""
