"""The composition root: it creates the parts of the server from the settings."""
