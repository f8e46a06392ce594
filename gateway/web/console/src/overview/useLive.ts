import { useEffect, useMemo, useRef, useState } from 'react'

import type { Follow } from '../api/feed'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import { ChangesDocument } from '../gql/graphql'

const REFRESH_MILLISECONDS = 2_000

/**
 * Call `onChange` after changes that come after a cursor, the first that is given; seldom enough that
 * the gateway can answer.
 */
export function useLive(latest: string | undefined, onChange: () => void): void {
  const { api } = useSession()
  const [cursor, setCursor] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    if (latest) setCursor((known) => known ?? latest)
  }, [latest])
  useEffect(() => () => clearTimeout(timer.current), [])

  const refresh = useRef(onChange)
  useEffect(() => {
    refresh.current = onChange
  })
  const follow = useMemo<Follow<{ cursor: string }>>(
    () => (after, sink) =>
      api.follow(ChangesDocument, { after }, { ...sink, onChange: ({ changes }) => sink.onChange(changes) }),
    [api],
  )
  const changed = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      refresh.current()
    }, REFRESH_MILLISECONDS)
  }
  useFeed(cursor, follow, {
    onChanges: changed,
    onExpired: () => {
      setCursor(null)
      changed()
    },
  })
}
