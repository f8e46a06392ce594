import { useEffect, useRef } from 'react'

import { type ChangeSource, Feed, type FeedStatus, type Gap } from '../api/feed'
import { useSession } from './session'
import { createStore } from './store'

/** What the page follows at the moment, for the status in the header. */
export interface Connection {
  status: FeedStatus
  cursor: string
}

const connection = createStore<Connection | null>(null)

export const useConnection = connection.useValue

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
          connection.set({ status, cursor: at })
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
      connection.set(null)
    }
  }, [cursor, source, refuse])
}
