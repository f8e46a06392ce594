"""Hostile requests: tables of them, one idea a module, and what sends them to a gateway.

``tests/security/test_hostile.py`` sends them all to one gateway.
"""
