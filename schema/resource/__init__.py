"""The types of the resource and their constraints, one module for each type of Graph."""
