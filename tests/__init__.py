"""The tests, by what they try."""
