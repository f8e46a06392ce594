"""Random mutations: valid ones, and ones that fail."""

from hypothesis import strategies as st

from support.strategies import JSONObject, operations

PAYLOAD = """
  operation { __typename id v: version status clientContext resultInfo { code } additionalProperties
    participants { identity { user { id } phone { id displayName } } } createdAt }
  errors { __typename code message path
    ... on ConflictError { current { id version } } ... on AlreadyExistsError { current { id } } }
"""
CREATE = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    createInviteParticipantsOperation(input: $input) {{ {PAYLOAD} }}
  }}
"""
UPSERT = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    upsertInviteParticipantsOperation(input: $input) {{ created {PAYLOAD} }}
  }}
"""
CREATE_MANY = f"""
  mutation ($inputs: [CreateInviteParticipantsOperationInput!]!, $atomic: Boolean!) {{
    createInviteParticipantsOperations(inputs: $inputs, atomic: $atomic) {{
      createdCount results {{ {PAYLOAD} }}
    }}
  }}
"""
UPDATE = f"""
  mutation ($input: UpdateInviteParticipantsOperationInput!, $id: ID!) {{
    updateInviteParticipantsOperation(input: $input) {{ {PAYLOAD} }}
    again: updateInviteParticipantsOperation(input: {{id: $id, status: Failed}}) {{ {PAYLOAD} }}
  }}
"""
DELETE = """
  mutation ($input: DeleteInviteParticipantsOperationInput!) {
    deleteInviteParticipantsOperation(input: $input) { deletedId errors { code message path } }
  }
"""


def _input(operation: JSONObject) -> JSONObject:
    server_fields = {"version", "createdAt", "updatedAt", "endedAt"}
    return {name: value for name, value in operation.items() if name not in server_fields}


_odd = st.sampled_from(
    [
        {},
        {"status": None},
        {"participants": None},
        {"clientContext": "c" * 257},
        {"clientContext": 7},
        {"callId": "\0"},
        {"additionalProperties": {"n": [1, 1.5, 10**30, None], "id": 1}},
        {"additionalProperties": {"n": [1, 1.0, 10**30, None]}},
        {"unknown": 1},
        {"ifVersion": 1},
    ]
)
inputs = st.builds(lambda operation, odd: _input(operation) | odd, operations, _odd)
mutations: st.SearchStrategy[tuple[str, JSONObject]] = st.one_of(
    st.builds(lambda given: (CREATE, {"input": given}), inputs),
    st.builds(lambda given: (UPSERT, {"input": given}), inputs),
    st.builds(lambda given: (UPDATE, {"input": given, "id": given["id"]}), inputs),
    st.builds(lambda given: (DELETE, {"input": {"id": given["id"]}}), inputs),
    st.builds(
        lambda many, atomic: (CREATE_MANY, {"inputs": many, "atomic": atomic}),
        st.lists(inputs, max_size=3),
        st.booleans(),
    ),
)
