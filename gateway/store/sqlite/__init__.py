"""The store on SQLite, through aiosqlite."""
