"""The resource as Microsoft Graph's REST interface has it: OData 4.0 in JSON."""
