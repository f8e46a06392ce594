import { Kind, type OperationDefinitionNode, parse } from 'graphql'
import { createClient } from 'graphql-ws'

import { readToken } from '../../shared/token'
import { type Fetcher, follow, type Request } from './follow'
import { signals } from './signals'

const ACCEPT = 'application/graphql-response+json, application/json;q=0.9'

/** Subscriptions go over one WebSocket, opened when there is one; a browser sends no headers with it. */
const client = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  // After a new connection a subscription would go on from then, and miss what came in between.
  retryAttempts: 0,
  connectionParams() {
    const token = readToken()
    return token ? { Authorization: `Bearer ${token}` } : {}
  },
})

/** Send what GraphiQL wants to run. */
export const fetcher: Fetcher = ({ query, variables, operationName }, { headers } = {}) => {
  const operation = operationOf(query, operationName)
  const request = { query, variables, operationName: operation ? operation.name?.value : operationName }
  // GraphiQL shows whatever comes.
  if (operation?.operation === 'subscription') return follow(client, request) as ReturnType<Fetcher>
  return post(request, headers)
}

/**
 * The operation to run. For a moment after a change of tabs GraphiQL still has the former tab's
 * name: where there is no such operation, it is the only one.
 */
function operationOf(query: string, name: string | null | undefined): OperationDefinitionNode | null {
  let operations: OperationDefinitionNode[]
  try {
    operations = parse(query).definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    )
  } catch {
    return null // the gateway says what is wrong
  }
  const named = operations.find((operation) => operation.name?.value === name)
  return named ?? (operations.length === 1 && operations[0] ? operations[0] : null)
}

async function post(request: Request, extra: unknown) {
  let headers: Headers
  try {
    headers = requestHeaders(extra)
  } catch (error) {
    return failure(`The request headers cannot be sent: ${error instanceof Error ? error.message : error}`)
  }
  let response: Response
  try {
    response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify(request) })
  } catch {
    return failure('The gateway cannot be reached. See whether it still runs, and try again.')
  }
  if (response.status === 401) signals.dispatchEvent(new Event('unauthorized'))
  try {
    return await response.json()
  } catch {
    return failure(`The answer, of status ${response.status}, is not JSON. A proxy may have sent it.`)
  }
}

/** A header typed into the Headers tab wins over the token panel. */
function requestHeaders(extra: unknown): Headers {
  const headers = new Headers({ 'Content-Type': 'application/json', Accept: ACCEPT })
  for (const [name, value] of Object.entries(extra ?? {})) headers.set(name, String(value))
  const token = readToken()
  if (token && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${token}`)
  return headers
}

const failure = (message: string) => ({ errors: [{ message }] })
