"""Responses that go on: a subscription's events over HTTP, one after another."""
