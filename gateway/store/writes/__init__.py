"""Writes, alike for all databases: the methods of a store, and their effects on its rows."""
