"""The effects of writes, decided on rows of any database."""
