"""What a write does, decided on rows: the same for every database."""
