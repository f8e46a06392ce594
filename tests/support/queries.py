"""Documents that several tests send."""

CHANGED_IDS = "query ($after: String) { changes(after: $after) { nodes { operationId } } }"
COUNT = "{ inviteParticipantsOperations { totalCount } }"
CREATE_NEW = "mutation { createInviteParticipantsOperation(input: {}) { operation { id } } }"
CREATE_MANY = """mutation ($inputs: [CreateInviteParticipantsOperationInput!]!) {
    createInviteParticipantsOperations(inputs: $inputs) { createdCount } }"""
CREATE_ID = """mutation ($id: ID!) {
    createInviteParticipantsOperation(input: { id: $id }) { operation { id } errors { code } } }"""
CREATE_ANY = """mutation ($id: ID) {
  createInviteParticipantsOperation(input: { id: $id }) { operation { id } } }"""
DELETE = """mutation ($id: ID!) {
  deleteInviteParticipantsOperation(input: { id: $id }) { deletedId } }"""
GET = "query ($id: ID!) { inviteParticipantsOperation(id: $id) { id } }"
GET_MANY = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
LIST = "{ inviteParticipantsOperations { nodes { id } } }"
NOW = "{ inviteParticipantsOperations(first: 0) { changeCursor } }"
UPDATE_TEXT = """mutation ($id: ID!, $context: String) {
  updateInviteParticipantsOperation(input: { id: $id, clientContext: $context }) {
    operation { id } } }"""
UPDATE_IF = """mutation ($id: ID!, $version: Int!, $context: String!) {
    updateInviteParticipantsOperation(
      input: { id: $id, ifVersion: $version, clientContext: $context }
    ) { operation { version } errors { code } } }"""
