import { useEffect, useRef, useSyncExternalStore } from 'react'

import { type ChangeSource, Feed, type FeedStatus, type Gap } from '../api/feed'
import { useSession } from './session'

/** What the page follows at the moment, for the status in the header. */
export interface Connection {
  status: FeedStatus
  cursor: string
}

const listeners = new Set<() => void>()
let connection: Connection | null = null

function setConnection(next: Connection | null): void {
  connection = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useConnection = (): Connection | null => useSyncExternalStore(subscribe, () => connection)

/**
 * Follow changes from a cursor on, while there is one and the page is seen. `source` has to stay the
 * same for as long as the same is followed.
 */
export function useFeed<Change extends { cursor: string }>(
  cursor: string | null,
  source: ChangeSource<Change>,
  handlers: { onChanges: (changes: Change[]) => void; onGap: (gap: Gap) => void },
): void {
  const { refuse } = useSession()
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  useEffect(() => {
    if (cursor === null) return
    const feed = new Feed(
      source,
      {
        onChanges: (changes) => latest.current.onChanges(changes),
        onGap: (gap) => latest.current.onGap(gap),
        onStatus: (status, at) => {
          setConnection({ status, cursor: at })
          if (status.kind === 'stopped' && status.failure.code === 'UNAUTHENTICATED')
            refuse(status.failure.message)
        },
      },
      cursor,
    )
    const goOn = () => (document.hidden ? feed.pause() : feed.start())
    goOn()
    document.addEventListener('visibilitychange', goOn)
    window.addEventListener('online', goOn)
    return () => {
      document.removeEventListener('visibilitychange', goOn)
      window.removeEventListener('online', goOn)
      feed.stop()
      setConnection(null)
    }
  }, [cursor, source, refuse])
}
