import { useEffect, useMemo, useRef, useState } from 'react'

import { changesOf } from '../api/api'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import { ChangesDocument } from '../gql/graphql'

const REFRESH_MILLISECONDS = 2_000
/** How many times as long as an answer takes the gateway is not asked again. */
const REST = 10

interface Live {
  /** A cursor: what comes after the first that is given is followed. */
  latest: string | undefined
  isFetching: boolean
  onChange: () => void
}

/** Call `onChange` after changes, as seldom as leaves the gateway most of its time. */
export function useLive({ latest, isFetching, onChange }: Live): void {
  const { api } = useSession()
  const [cursor, setCursor] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    if (latest) setCursor((known) => known ?? latest)
  }, [latest])
  useEffect(() => () => clearTimeout(timer.current), [])

  const took = useRef(0)
  useEffect(() => {
    if (!isFetching) return
    const began = performance.now()
    return () => {
      took.current = performance.now() - began
    }
  }, [isFetching])

  const refresh = useRef(onChange)
  useEffect(() => {
    refresh.current = onChange
  })
  const source = useMemo(() => changesOf(api, ChangesDocument), [api])
  const changed = () => {
    const delay = Math.max(REFRESH_MILLISECONDS, REST * took.current)
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      refresh.current()
    }, delay)
  }
  useFeed(cursor, source, {
    onChanges: changed,
    onGap: () => {
      setCursor(null)
      onChange()
    },
  })
}
