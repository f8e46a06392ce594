/** An operation's query as something to take elsewhere. */

export const QUERY = `query Operation($id: ID!) {
  inviteParticipantsOperation(id: $id) {
    id
    callId
    clientContext
    status
    version
    createdAt
    updatedAt
    resultInfo { code subcode message }
    participants {
      identity {
        user { id displayName }
        phone { id }
        guest { id displayName }
        application { id displayName }
      }
    }
    additionalProperties
    history { nodes { kind at version changedFields } }
  }
}`

/** The playground with the query filled in. */
export function playgroundLink(id: string): string {
  return `/graphql?${new URLSearchParams({ query: QUERY, variables: JSON.stringify({ id }, null, 2) })}`
}

/** The query with its variables, as a comment. */
export const asGraphQL = (id: string): string => `${QUERY}\n\n# Variables: ${JSON.stringify({ id })}\n`

/** A command for a POSIX shell; the token stands in a variable of the environment. */
export function asCurl(id: string, origin: string, hasToken: boolean): string {
  const body = JSON.stringify({ query: QUERY.replace(/\s+/g, ' '), variables: { id } })
  return [
    `curl ${quoted(`${origin}/graphql`)}`,
    `--header ${quoted('Content-Type: application/json')}`,
    ...(hasToken ? ['--header "Authorization: Bearer $TOKEN"'] : []),
    `--data ${quoted(body)}`,
  ].join(' \\\n  ')
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
