import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo, useRef } from 'react'

import type { Gap } from '../api/feed'
import { setPreferences, usePreferences } from '../app/preferences'
import { CreateButton } from '../edit/CreateDialog'
import { ExportButton } from '../export/ExportDialog'
import { Icon } from '../ui/Icon'
import { FailureNotice, Loading, Notice } from '../ui/Notice'
import { numberText } from '../ui/numbers'
import { FilterBar } from './FilterBar'
import { MAX_WAITING } from './rows'
import { SavedViews } from './SavedViews'
import { type ColumnId, columnsOf, columnsText, type ListSearch, unfiltered } from './search'
import { Table } from './Table'
import { useList } from './useList'
import { ViewMenu } from './ViewMenu'

const route = getRouteApi('/operations')

const GAPS: Record<Gap, string> = {
  expired: 'The changes made while this page was not connected are no longer kept',
  'far behind': 'Too much has changed while this page was hidden or not connected',
}

/** All operations that match, the newest first. */
export function ListPage() {
  const search = route.useSearch()
  // What is read does not depend on the columns that are shown.
  const query = route.useSearch({ select: ({ columns: _, ...rest }) => rest, structuralSharing: true })
  const preferences = usePreferences()
  const shown = useMemo(
    () => columnsOf(search.columns ?? preferences.columns),
    [search.columns, preferences.columns],
  )
  const navigate = route.useNavigate()
  const scroller = useRef<HTMLDivElement>(null)
  const { list, reload, loadMore } = useList(query)
  const { rows, waiting, failure, loading, hasMore } = list
  const { sort, ...filters } = query
  const isFiltered = Object.keys(filters).length > 0

  const change = useCallback(
    (next: ListSearch) => {
      scroller.current?.scrollTo({ top: 0 })
      navigate({ search: next })
    },
    [navigate],
  )

  function show(ids: ColumnId[]) {
    const columns = columnsText(ids)
    setPreferences({ columns })
    navigate({ search: { ...search, columns }, replace: true })
  }

  return (
    <div className="list-page">
      <title>Operations · Invite gateway</title>
      <div className="page-head">
        <h1>Operations</h1>
        <p className="muted" role="status">
          {list.changeCursor !== null && summary(list.totalCount, isFiltered)}
        </p>
      </div>
      <FilterBar search={search} onChange={change}>
        <ViewMenu shown={shown} onShow={show} />
        <SavedViews search={{ ...search, columns: columnsText(shown) }} />
        <ExportButton search={query} totalCount={list.totalCount} />
      </FilterBar>
      {list.gap && (
        <p className="banner" role="status">
          {GAPS[list.gap]}, so the list was loaded again.
        </p>
      )}
      <div className="table-frame">
        {waiting.size > 0 && (
          <button
            type="button"
            className="waiting"
            onClick={() => {
              scroller.current?.scrollTo({ top: 0 })
              reload()
            }}
          >
            <Icon name="up" /> Show {numberText(waiting.size)}
            {waiting.size === MAX_WAITING && '+'} new
          </button>
        )}
        <section
          className="scroller"
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
          tabIndex={0}
          aria-label="List of operations"
          aria-busy={loading === 'first'}
        >
          {rows.length > 0 && (
            <Table
              rows={rows}
              shown={shown}
              hasMore={hasMore}
              sort={sort}
              scroller={scroller}
              onSort={(next) => change({ ...search, sort: next })}
              onEnd={loadMore}
            />
          )}
          {failure ? (
            <FailureNotice failure={failure} onRetry={() => (rows.length > 0 ? loadMore() : reload())} />
          ) : loading ? (
            <Loading what={loading === 'more' ? 'more operations' : 'operations'} />
          ) : (
            rows.length === 0 && <Empty isFiltered={isFiltered} onClear={() => change(unfiltered(search))} />
          )}
        </section>
      </div>
    </div>
  )
}

function summary(count: number, isFiltered: boolean): string {
  return `${numberText(count)} ${isFiltered ? 'match' : 'in all'}`
}

function Empty({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <Notice title="No operation matches">
        <p>Remove a filter, or show all operations.</p>
        <button type="button" className="button primary" onClick={onClear}>
          Clear all filters
        </button>
      </Notice>
    )
  }
  return <NothingYet />
}

/** What to do first. */
export function NothingYet() {
  return (
    <Notice title="No operations yet">
      <p>
        An operation appears here as soon as a calling bot writes one, by the GraphQL mutation{' '}
        <code>createInviteParticipantsOperation</code>. To try it out, create one here, or add samples to the
        database on the gateway's machine:
      </p>
      <p>
        <code className="command">invite-gateway demo</code>
      </p>
      <CreateButton />
    </Notice>
  )
}
