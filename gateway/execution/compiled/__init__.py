"""The compiler of operations: a plan answers without visiting the fields of stored documents.

An operation is compiled once to a plan: which resolvers to call with which arguments, and for the
selections under them a projection of stored documents or a completion of values. For what cannot be
compiled it raises ``Declined``, and the reference executor answers.
"""
