"""Authentication: the principal of a bearer token, in one of three modes."""
