import { signals } from './signals.js'

const MAX_EVENTS = 100
const FORBIDDEN = 4403

/** Subscribe, and show all that came so far, the newest first: GraphiQL alone shows the last event. */
export function follow(client, request) {
  return {
    subscribe(observer) {
      const events = []
      let count = 0
      let ended = false

      function end(status, errors) {
        if (ended) return
        ended = true
        observer.next({ status, errors, events })
        observer.complete()
      }

      observer.next({ status: 'Following. Nothing has happened yet.', events })
      const unsubscribe = client.subscribe(request, {
        next(event) {
          count += 1
          events.unshift(event)
          events.splice(MAX_EVENTS)
          observer.next({ status: `Following. ${countOf(count)}`, events })
        },
        error(error) {
          if (error?.code === FORBIDDEN) signals.dispatchEvent(new Event('unauthorized'))
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

function countOf(count) {
  if (count === 1) return 'One event so far.'
  if (count <= MAX_EVENTS) return `${count} events so far, the newest first.`
  return `${count} events so far; here are the newest ${MAX_EVENTS}, the newest first.`
}

/** Why a WebSocket was closed: the gateway's own reason, where it gave one. */
function closeReason(event) {
  if (event?.reason) return `the gateway closed the connection (${event.reason}).`
  return 'the connection to the gateway was lost.'
}
