import { graphql } from '../gql'

/** What a row of the list shows. */
export const RowFields = graphql(/* GraphQL */ `
  fragment Row on InviteParticipantsOperation {
    id
    callId
    clientContext
    status
    version
    createdAt
    updatedAt
    resultInfo { code subcode message }
    participants { identity { ...Identities } }
  }
`)

export const IdentityFields = graphql(/* GraphQL */ `
  fragment Identities on IdentitySet {
    user { id displayName }
    phone { id displayName }
    guest { id displayName }
    application { id displayName }
    applicationInstance { id displayName }
    azureCommunicationServicesUser { id displayName }
    onPremises { id displayName }
    assertedIdentity { id displayName }
    encrypted { id displayName }
    device { id displayName }
  }
`)

/** All that is known of an operation at one version. */
export const StateFields = graphql(/* GraphQL */ `
  fragment State on InviteParticipantsOperationState {
    callId
    clientContext
    status
    version
    createdAt
    updatedAt
    additionalProperties
    resultInfo { code subcode message }
    participants { ...Participant }
  }
`)

export const ParticipantFields = graphql(/* GraphQL */ `
  fragment Participant on InvitationParticipantInfo {
    participantId
    replacesCallId
    region
    languageId
    hidden
    removeFromDefaultAudioRoutingGroup
    additionalProperties
    identity {
      endpointType
      additionalProperties
      user { ...WholeIdentity }
      phone { ...WholeIdentity }
      guest { ...WholeIdentity }
      application { ...WholeIdentity }
      applicationInstance { ...WholeIdentity }
      azureCommunicationServicesUser { ...WholeIdentity }
      onPremises { ...WholeIdentity }
      assertedIdentity { ...WholeIdentity }
      encrypted { ...WholeIdentity }
      device { ...WholeIdentity }
    }
  }
`)

export const WholeIdentityFields = graphql(/* GraphQL */ `
  fragment WholeIdentity on Identity {
    id
    displayName
    additionalProperties
  }
`)

export const EntryFields = graphql(/* GraphQL */ `
  fragment Entry on Change {
    cursor
    kind
    at
    operationId
    version
    changedFields
    state { ...State }
  }
`)

export const ListDocument = graphql(/* GraphQL */ `
  query List(
    $filter: InviteParticipantsOperationFilter
    $orderBy: [InviteParticipantsOperationOrder!]
    $first: Int!
    $after: String
    $isFirstPage: Boolean!
  ) {
    inviteParticipantsOperations(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      nodes { ...Row }
      pageInfo { hasNextPage endCursor }
      changeCursor
      totalCount @include(if: $isFirstPage)
    }
  }
`)

/** The changes of a list: the state after each, which is what a row shows. */
export const ListChangesDocument = graphql(/* GraphQL */ `
  subscription ListChanges($after: String, $filter: InviteParticipantsOperationFilter) {
    changes(after: $after, filter: $filter) {
      cursor
      kind
      operationId
      state {
        callId
        clientContext
        status
        version
        createdAt
        updatedAt
        resultInfo { code subcode message }
        participants { identity { ...Identities } }
      }
    }
  }
`)

export const OperationDocument = graphql(/* GraphQL */ `
  query Operation($id: ID!) {
    inviteParticipantsOperation(id: $id) {
      id
      callId
      clientContext
      status
      version
      createdAt
      updatedAt
      additionalProperties
      resultInfo { code subcode message }
      participants { ...Participant }
      history(first: 500) {
        nodes { ...Entry }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
`)

export const HistoryDocument = graphql(/* GraphQL */ `
  query History($id: ID!, $after: String) {
    inviteParticipantsOperation(id: $id) {
      history(first: 500, after: $after) {
        nodes { ...Entry }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
`)

export const OperationChangesDocument = graphql(/* GraphQL */ `
  subscription OperationChanges($after: String, $id: ID!) {
    changes(after: $after, filter: { id: { eq: $id } }) { ...Entry }
  }
`)

/** Others of the same call, and how many there are of each participant. */
export const RelatedDocument = graphql(/* GraphQL */ `
  query Related($filter: InviteParticipantsOperationFilter!) {
    inviteParticipantsOperations(filter: $filter, first: 6) {
      nodes { id status clientContext createdAt }
      totalCount
    }
  }
`)

/** One bar is a bucket of time and a status; a status at a time keeps within the 500 of an answer. */
export const OverviewDocument = graphql(/* GraphQL */ `
  query Overview(
    $bucket: InviteParticipantsOperationGroupKey!
    $range: InviteParticipantsOperationFilter!
    $notStarted: InviteParticipantsOperationFilter!
    $running: InviteParticipantsOperationFilter!
    $completed: InviteParticipantsOperationFilter!
    $failed: InviteParticipantsOperationFilter!
    $unfinished: InviteParticipantsOperationFilter!
  ) {
    latest: inviteParticipantsOperations(first: 0) { changeCursor }
    statuses: inviteParticipantsOperationGroups(by: [STATUS], filter: $range) { status count }
    notStarted: inviteParticipantsOperationGroups(by: [$bucket], filter: $notStarted, first: 500) { createdFrom count }
    running: inviteParticipantsOperationGroups(by: [$bucket], filter: $running, first: 500) { createdFrom count }
    completed: inviteParticipantsOperationGroups(by: [$bucket], filter: $completed, first: 500) { createdFrom count }
    failed: inviteParticipantsOperationGroups(by: [$bucket], filter: $failed, first: 500) { createdFrom count }
    causes: inviteParticipantsOperationGroups(by: [RESULT_CODE, RESULT_SUBCODE], filter: $failed, first: 8) {
      resultCode
      resultSubcode
      count
    }
    unfinished: inviteParticipantsOperations(filter: $unfinished, orderBy: [{ createdAt: ASC }], first: 8) {
      nodes { ...Row }
      totalCount
    }
  }
`)

export const ChangesDocument = graphql(/* GraphQL */ `
  subscription Changes($after: String) {
    changes(after: $after) { cursor }
  }
`)

/** Nothing is created: a gateway refuses it if the token may not write. */
export const WriteAccessDocument = graphql(/* GraphQL */ `
  mutation WriteAccess {
    createInviteParticipantsOperations(inputs: []) { createdCount }
  }
`)

export const CreateDocument = graphql(/* GraphQL */ `
  mutation Create($input: CreateInviteParticipantsOperationInput!) {
    createInviteParticipantsOperation(input: $input) {
      operation { id }
      errors { code message path }
    }
  }
`)

export const UpdateDocument = graphql(/* GraphQL */ `
  mutation Update($input: UpdateInviteParticipantsOperationInput!) {
    updateInviteParticipantsOperation(input: $input) {
      operation { id version }
      errors {
        code
        message
        path
        ... on ConflictError { current { status version updatedAt resultInfo { code subcode message } } }
      }
    }
  }
`)

export const DeleteDocument = graphql(/* GraphQL */ `
  mutation Delete($input: DeleteInviteParticipantsOperationInput!) {
    deleteInviteParticipantsOperation(input: $input) {
      deletedId
      errors {
        code
        message
        path
        ... on ConflictError { current { status version updatedAt resultInfo { code subcode message } } }
      }
    }
  }
`)
