"""Where operations are kept, behind the ports of ``schema.ports``."""
