// A page of operations as a Relay frontend writes it: the compiler makes the refetch query, the
// connection's edges and cursors. Nothing runs this file.
declare const graphql: (document: TemplateStringsArray) => unknown;

export const query = graphql`
  query OperationListQuery($clientContext: String!) {
    ...OperationList_page @arguments(first: 2, clientContext: $clientContext)
  }
`;

export const page = graphql`
  fragment OperationList_page on Query
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 10 }
    after: { type: "String" }
    clientContext: { type: "String!" }
  )
  @refetchable(queryName: "OperationListPaginationQuery") {
    inviteParticipantsOperations(
      first: $first
      after: $after
      filter: { clientContext: { eq: $clientContext } }
      orderBy: [{ createdAt: ASC }]
    ) @connection(key: "OperationList_inviteParticipantsOperations") {
      edges {
        node {
          id
          ...OperationRow_operation
        }
      }
    }
  }
`;

export const row = graphql`
  fragment OperationRow_operation on InviteParticipantsOperation @refetchable(queryName: "OperationRowQuery") {
    clientContext
    status
    participants {
      identity {
        user {
          displayName
        }
      }
    }
  }
`;
