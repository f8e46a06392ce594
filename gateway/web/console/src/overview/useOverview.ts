import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

import { changesOf } from '../api/api'
import { type Failure, failureOfRequest } from '../api/failure'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import { ChangesDocument, OverviewDocument, type OverviewQuery } from '../gql/graphql'
import { type Range, variablesOf } from './range'

const REFRESH_MILLISECONDS = 2_000
/** A refresh waits this many times as long as the last answer took, for the gateway to have time. */
const REFRESH_FACTOR = 10

interface Overview {
  /** What was read last, and the range that it is of: the one before until the next is there. */
  shown: { data: OverviewQuery; range: Range } | null
  failure: Failure | null
  isFetching: boolean
}

/** The overview of a range, read again after changes. */
export function useOverview(range: Range) {
  const { api } = useSession()
  const [overview, setOverview] = useState<Overview>({ shown: null, failure: null, isFetching: true })
  const request = useRef(0)
  const took = useRef(0)

  const read = useCallback(async () => {
    request.current += 1
    const number = request.current
    const began = performance.now()
    setOverview((before) => ({ ...before, isFetching: true }))
    const { data, error } = await api.client.query(OverviewDocument, variablesOf(range))
    if (number !== request.current) return
    took.current = performance.now() - began
    setOverview(({ shown }) => ({
      shown: data ? { data, range } : shown,
      failure: data ? null : failureOfRequest(error),
      isFetching: false,
    }))
  }, [api, range])
  useEffect(() => {
    read()
  }, [read])

  // Followed from the first cursor on, and from a later one after a gap.
  const latest = overview.shown?.data.latest.changeCursor
  const [cursor, setCursor] = useState<string | null>(null)
  useEffect(() => {
    if (latest) setCursor((known) => known ?? latest)
  }, [latest])

  const [isOutdated, setOutdated] = useState(false)
  useEffect(() => {
    if (!isOutdated) return
    const timer = setTimeout(
      () => {
        setOutdated(false)
        read()
      },
      Math.max(REFRESH_MILLISECONDS, REFRESH_FACTOR * took.current),
    )
    return () => clearTimeout(timer)
  }, [isOutdated, read])

  const source = useMemo(() => changesOf(api, ChangesDocument), [api])
  useFeed(cursor, source, {
    onChanges: () => setOutdated(true),
    onGap: () => {
      setCursor(null)
      read()
    },
  })
  return { ...overview, read }
}
