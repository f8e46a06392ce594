"""Sample operations, so that there is something to list, to chart and to follow."""
