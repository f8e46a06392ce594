"""Who asks: a principal for a bearer token, in one of three modes, and for as long as it lasts."""
