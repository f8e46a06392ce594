"""Subscriptions that share one reader of the log, one evaluation and one encoding of events."""
