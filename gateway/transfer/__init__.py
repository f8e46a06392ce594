"""Import, export and copying of operations."""
