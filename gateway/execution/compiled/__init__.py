"""Operations compiled from documents: no field of a stored document is visited by Python.

A document's operation is lowered once to a plan: which resolvers to call with which arguments, and
for what is selected under them, either a projection of stored documents or a completion of values.
What cannot be lowered raises ``Declined``, and the reference executor answers.
"""
