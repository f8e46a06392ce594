"""The resource's types, one module a Graph type: what a field is and what it may hold, once."""
