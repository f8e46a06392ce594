"""Generation of sample operations."""
