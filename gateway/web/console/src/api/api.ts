import { Client, fetchExchange, stringifyDocument, type TypedDocumentNode } from '@urql/core'
import { createClient } from 'graphql-ws'

import { type InviteParticipantsOperationFilter, MissedDocument } from '../gql/graphql'
import { type Failure, failureOf, UNREACHABLE } from './failure'
import type { ChangeSource, Sink } from './feed'

const ENDPOINT = '/graphql'
const CHANGE_CURSOR = 'Change-Cursor'
const FORBIDDEN = 4403
const PING_MILLISECONDS = 10_000
const PONG_MILLISECONDS = 5_000

/** Requests and subscriptions, with one token. */
export interface Api {
  client: Client
  follow: <Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    sink: Sink<Data>,
  ) => () => void
  close: () => void
}

export function createApi(token: string): Api {
  const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {}
  const seen = new SeenCursors()
  const client = new Client({
    url: ENDPOINT,
    // No cache: what is shown is kept true by the changes that are followed.
    exchanges: [fetchExchange],
    requestPolicy: 'network-only',
    preferGetMethod: false,
    fetch: seen.fetch,
    fetchOptions: {
      headers: { ...authorization, Accept: 'application/graphql-response+json, application/json;q=0.9' },
    },
  })
  const sockets = openSockets(authorization)
  return {
    client,
    follow(document, variables, sink) {
      sockets.whenConnected(sink.onOpen)
      return sockets.subscribe(
        { query: stringifyDocument(document), variables },
        {
          next({ data, errors }) {
            if (errors?.length) sink.onEnd(failureOf(errors))
            else if (data) {
              seen.followed = (data as { changes?: { cursor?: string } }).changes?.cursor ?? seen.followed
              sink.onChange(data as never)
            }
          },
          error: (error) => sink.onEnd(failureOfSocket(error)),
          complete: () => sink.onEnd(LOST),
        },
      )
    },
    close: () => sockets.dispose(),
  }
}

type Variables = { after?: string | null; filter?: InviteParticipantsOperationFilter | null }

/** The changes that a subscription gives, of the operations that match a filter, or of all. */
export function changesOf<Change>(
  { client, follow }: Api,
  document: TypedDocumentNode<{ changes: Change }, Variables>,
  filter?: InviteParticipantsOperationFilter,
): ChangeSource<Change> {
  return {
    follow: (after, sink) =>
      follow(document, { after, filter }, { ...sink, onChange: ({ changes }) => sink.onChange(changes) }),
    async isFarBehind(after) {
      const { data } = await client.query(MissedDocument, { after, filter })
      return data?.changes.pageInfo.hasNextPage ?? false
    },
  }
}

/**
 * The newest cursors that were received. They are sent with each request, since another gateway may
 * answer it, from a standby that does not have these changes yet.
 */
class SeenCursors {
  /** The cursor of the last change that was followed. */
  followed: string | undefined
  private answered: string | undefined

  readonly fetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    for (const cursor of [this.followed, this.answered]) if (cursor) headers.append(CHANGE_CURSOR, cursor)
    const response = await fetch(input, { ...init, headers })
    this.answered = response.headers.get(CHANGE_CURSOR) ?? this.answered
    return response
  }
}

/**
 * One WebSocket for all that is followed. It does not reconnect by itself: a subscription would then
 * go on with the variables that it began with, and not from its last cursor.
 */
function openSockets(authorization: Record<string, string>) {
  let pongTimer: ReturnType<typeof setTimeout> | undefined
  let isConnected = false
  const client = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}${ENDPOINT}`,
    retryAttempts: 0,
    connectionParams: authorization,
    keepAlive: PING_MILLISECONDS,
    on: {
      connected: () => {
        isConnected = true
      },
      ping: (isReceived) => {
        if (!isReceived) pongTimer = setTimeout(() => client.terminate(), PONG_MILLISECONDS)
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pongTimer)
      },
      closed: () => {
        isConnected = false
        clearTimeout(pongTimer)
      },
    },
  })
  return {
    ...client,
    /** Call `listener` once the connection is accepted. */
    whenConnected(listener: () => void) {
      if (isConnected) return queueMicrotask(listener)
      const forget = client.on('connected', () => {
        forget()
        listener()
      })
    },
  }
}

const LOST: Failure = { code: UNREACHABLE, message: 'The connection to the gateway was lost.' }

function failureOfSocket(error: unknown): Failure {
  if (Array.isArray(error)) return failureOf(error)
  if (error instanceof CloseEvent && error.code === FORBIDDEN) {
    return { code: 'UNAUTHENTICATED', message: error.reason || 'The gateway refused the token.' }
  }
  return LOST
}
