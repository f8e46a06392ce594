"""GraphQL documents that several tests send."""

COUNT = "{ inviteParticipantsOperations { totalCount } }"
CHANGE_CURSOR = "{ inviteParticipantsOperations(first: 0) { changeCursor } }"
CHANGED_IDS = "query ($after: String) { changes(after: $after) { nodes { operationId } } }"
GET = "query ($id: ID!) { inviteParticipantsOperation(id: $id) { id } }"
GET_MANY = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
LIST = "{ inviteParticipantsOperations { nodes { id } } }"

CREATE = """
    mutation Create($input: CreateInviteParticipantsOperationInput! = {}) {
      createInviteParticipantsOperation(input: $input) {
        operation { id version } errors { code message }
      }
    }
"""
CREATE_MANY = """
    mutation CreateMany($inputs: [CreateInviteParticipantsOperationInput!]!) {
      createInviteParticipantsOperations(inputs: $inputs) {
        createdCount results { operation { id } }
      }
    }
"""
UPSERT = """
    mutation Upsert($input: CreateInviteParticipantsOperationInput!) {
      upsertInviteParticipantsOperation(input: $input) {
        operation { id version } errors { code message }
      }
    }
"""
UPDATE = """
    mutation Update($input: UpdateInviteParticipantsOperationInput!) {
      updateInviteParticipantsOperation(input: $input) {
        operation { id version } errors { code message }
      }
    }
"""
DELETE = """
    mutation Delete($id: ID!) {
      deleteInviteParticipantsOperation(input: { id: $id }) { deletedId errors { code message } }
    }
"""

FOLLOW = """
    subscription Follow($after: String) {
      changes(after: $after) { cursor kind operationId version state { clientContext } }
    }
"""
FOLLOW_CONTEXT = """
    subscription ($after: String, $context: String) {
      changes(after: $after, filter: { clientContext: { eq: $context } }) {
        kind version cursor operation { id }
      }
    }
"""
FOLLOW_ONE = """
    subscription ($id: ID!) { inviteParticipantsOperation(id: $id) { clientContext version } }
"""
