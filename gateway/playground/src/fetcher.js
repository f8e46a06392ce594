import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { createClient } from 'graphql-ws'

import { readToken } from './token.jsx'

/** A header typed into the Headers tab wins over the token panel. */
function fetchWithToken(url, init) {
  const headers = new Headers(init.headers)
  const token = readToken()
  if (token && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${token}`)
  return fetch(url, { ...init, headers })
}

/** Subscriptions go over one WebSocket, opened when there is one; a browser sends no headers with it. */
const wsClient = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  connectionParams() {
    const token = readToken()
    return token ? { Authorization: `Bearer ${token}` } : {}
  },
})

// Incremental delivery is off because it would ask for multipart/mixed instead of
// application/graphql-response+json.
export const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  fetch: fetchWithToken,
  wsClient,
  enableIncrementalDelivery: false,
})
