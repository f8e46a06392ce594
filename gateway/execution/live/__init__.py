"""Subscriptions that share their work: one reading of the log, one evaluation, one encoding."""
