"""A request's parameters and its document: read, checked, priced, and found by its id."""
