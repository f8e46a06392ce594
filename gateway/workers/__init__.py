"""Several processes that serve on one port and one database, and one that looks after them."""
