"""The resource in the JSON of Microsoft Graph, which is OData's."""
