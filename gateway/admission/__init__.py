"""Limits on concurrent work: by cost, by rate, and by time on the event loop."""
