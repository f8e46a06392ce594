import { Kind, parse } from 'graphql'
import { createClient } from 'graphql-ws'

import { readToken } from '../../shared/token'
import { follow } from './follow.js'
import { signals } from './signals.js'

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
export function fetcher({ query, variables, operationName }, { headers } = {}) {
  const operation = operationOf(query, operationName)
  const request = { query, variables, operationName: operation ? operation.name?.value : operationName }
  if (operation?.operation === 'subscription') return follow(client, request)
  return post(request, headers)
}

/**
 * The operation to run. For a moment after a change of tabs GraphiQL still has the former tab's
 * name: where there is no such operation, it is the only one.
 */
function operationOf(query, name) {
  let operations
  try {
    operations = parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
  } catch {
    return null // the gateway says what is wrong
  }
  const named = operations.find((operation) => operation.name?.value === name)
  return named ?? (operations.length === 1 ? operations[0] : null)
}

async function post(request, extra) {
  let headers
  try {
    headers = requestHeaders(extra)
  } catch (error) {
    return failure(`The request headers cannot be sent: ${error.message}`)
  }
  let response
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
function requestHeaders(extra) {
  const headers = new Headers({ 'Content-Type': 'application/json', Accept: ACCEPT })
  for (const [name, value] of Object.entries(extra ?? {})) headers.set(name, value)
  const token = readToken()
  if (token && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${token}`)
  return headers
}

const failure = (message) => ({ errors: [{ message }] })
