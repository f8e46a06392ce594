"""Requests that mean harm: tables of them, one idea a module, and what attacks a gateway with them.

``tests/test_hostile.py`` sends them all to one gateway.
"""
