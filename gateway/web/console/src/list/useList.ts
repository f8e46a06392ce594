import { useCallback, useEffect, useMemo, useReducer, useRef } from 'react'

import { changesOf } from '../api/api'
import { type Failure, failureOfRequest } from '../api/failure'
import type { Gap } from '../api/feed'
import { useFeed } from '../app/connection'
import { useSession } from '../app/session'
import { ListChangesDocument, ListDocument, type ListQuery } from '../gql/graphql'
import { type ListChange, type Rows, withChanges, withPage } from './rows'
import { filterOf, type ListSearch, orderOf } from './search'

/** The first page is small, to be shown soon. */
const FIRST_PAGE = 100
const NEXT_PAGE = 500

type Page = ListQuery['inviteParticipantsOperations']

export interface List extends Rows {
  /** Null until the first page is there. */
  changeCursor: string | null
  totalCount: number
  loading: 'first' | 'more' | null
  failure: Failure | null
  /** Why the list was read anew, when it was. */
  gap: Gap | null
}

const EMPTY: List = {
  rows: [],
  waiting: new Set(),
  endCursor: null,
  hasMore: false,
  changeCursor: null,
  totalCount: 0,
  loading: 'first',
  failure: null,
  gap: null,
}

type Action =
  | { kind: 'load'; gap: Gap | null }
  | { kind: 'load more' }
  | { kind: 'loaded'; page: Page }
  | { kind: 'loaded more'; page: Page }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'changed'; changes: ListChange[]; search: ListSearch }

function reduce(list: List, action: Action): List {
  switch (action.kind) {
    case 'load':
      return { ...list, loading: 'first', failure: null, gap: action.gap }
    case 'load more':
      return { ...list, loading: 'more', failure: null }
    case 'loaded':
      return {
        ...EMPTY,
        ...withPage(EMPTY, action.page.nodes, ...endOf(action.page)),
        changeCursor: action.page.changeCursor,
        totalCount: action.page.totalCount ?? 0,
        loading: null,
        gap: list.gap,
      }
    case 'loaded more':
      return { ...list, ...withPage(list, action.page.nodes, ...endOf(action.page)), loading: null }
    case 'failed':
      return { ...(list.loading === 'first' ? EMPTY : list), loading: null, failure: action.failure }
    case 'changed':
      return { ...list, ...withChanges(list, action.changes, action.search) }
  }
}

const endOf = ({ pageInfo }: Page) => [pageInfo.endCursor ?? null, pageInfo.hasNextPage] as const

/** The operations of a search: what is shown, more of it on demand, and what changes meanwhile. */
export function useList(search: ListSearch) {
  const { api } = useSession()
  const [list, dispatch] = useReducer(reduce, EMPTY)
  const request = useRef(0)
  const filter = useMemo(() => filterOf(search), [search])

  const read = useCallback(
    async (after: string | null, first: number) => {
      request.current += 1
      const number = request.current
      const isFirstPage = after === null
      const variables = { filter, orderBy: orderOf(search), first, after, isFirstPage }
      const { data, error } = await api.client.query(ListDocument, variables)
      if (number !== request.current) return
      const page = data?.inviteParticipantsOperations
      if (page) dispatch({ kind: isFirstPage ? 'loaded' : 'loaded more', page })
      else if (error) dispatch({ kind: 'failed', failure: failureOfRequest(error) })
    },
    [api, filter, search],
  )

  const reload = useCallback(
    (first = FIRST_PAGE, gap: Gap | null = null) => {
      dispatch({ kind: 'load', gap })
      return read(null, first)
    },
    [read],
  )
  useEffect(() => {
    reload()
  }, [reload])

  const { rows, endCursor, hasMore, loading } = list
  const loadMore = useCallback(() => {
    if (loading || !hasMore) return
    dispatch({ kind: 'load more' })
    read(endCursor, NEXT_PAGE)
  }, [read, endCursor, hasMore, loading])

  const source = useMemo(() => changesOf(api, ListChangesDocument, filter), [api, filter])
  useFeed(list.changeCursor, source, {
    onChanges: (changes) => dispatch({ kind: 'changed', changes, search }),
    // As many rows as a page may have are read again, for what is in sight to stay there.
    onGap: (gap) => reload(Math.min(Math.max(rows.length, FIRST_PAGE), NEXT_PAGE), gap),
  })
  return { list, reload, loadMore }
}
