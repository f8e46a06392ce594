import type { GraphiQLProps } from 'graphiql'
import type { Client } from 'graphql-ws'

import { signals } from './signals'

export type Fetcher = GraphiQLProps['fetcher']

export interface Request {
  query: string
  variables?: Record<string, unknown>
  operationName?: string | null
}

interface Observer {
  next: (shown: unknown) => void
  complete: () => void
}

const MAX_EVENTS = 100
const FORBIDDEN = 4403

/** Subscribe, and show all that came so far, the newest first: GraphiQL alone shows the last event. */
export function follow(client: Client, request: Request) {
  return {
    subscribe(observer: Observer) {
      const events: unknown[] = []
      let count = 0
      let ended = false

      function end(status: string, errors?: readonly unknown[]) {
        if (ended) return
        ended = true
        observer.next({ status, errors, events })
        observer.complete()
      }

      observer.next({ status: 'Following. Nothing has happened yet.', events })
      const unsubscribe = client.subscribe(request, {
        next(event: unknown) {
          count += 1
          events.unshift(event)
          events.splice(MAX_EVENTS)
          observer.next({ status: `Following. ${countOf(count)}`, events })
        },
        error(error: unknown) {
          if (error instanceof CloseEvent && error.code === FORBIDDEN)
            signals.dispatchEvent(new Event('unauthorized'))
          if (Array.isArray(error)) end('Stopped: the gateway refused to go on.', error)
          else end(`Stopped: ${closeReason(error)} Run it again to follow.`)
        },
        complete() {
          end('Stopped: the gateway ended the subscription. Run it again to follow.')
        },
      })
      return {
        unsubscribe() {
          if (ended) return
          ended = true
          unsubscribe()
          signals.dispatchEvent(new CustomEvent('stopped', { detail: { events } }))
        },
      }
    },
  }
}

function countOf(count: number): string {
  if (count === 1) return 'One event so far.'
  if (count <= MAX_EVENTS) return `${count} events so far, the newest first.`
  return `${count} events so far; here are the newest ${MAX_EVENTS}, the newest first.`
}

/** Why a WebSocket was closed: the gateway's own reason, where it gave one. */
function closeReason(event: unknown): string {
  if (event instanceof CloseEvent && event.reason)
    return `the gateway closed the connection (${event.reason}).`
  return 'the connection to the gateway was lost.'
}
