"""Microsoft Graph's notifications, by which a calling bot learns how its operations go on."""
