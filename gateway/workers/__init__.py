"""Worker processes that serve on one port and one database, and their supervisor."""
