"""Hostile requests: tables of cases, one subject a module, and a harness that sends them.

``tests/security/test_hostile.py`` sends them all to one gateway.
"""
