import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useQuery } from 'urql'

import { type Failure, failureOfRequest } from '../api/failure'
import { type OperationStatus, OverviewDocument, type OverviewQuery } from '../gql/graphql'
import { NothingYet } from '../list/ListPage'
import type { ListSearch } from '../list/search'
import { Card } from '../ui/Card'
import { FailureNotice, Loading, useRetry } from '../ui/Notice'
import { numberText } from '../ui/numbers'
import { Status } from '../ui/Status'
import { useNow } from '../ui/time'
import { Causes } from './Causes'
import { CountChart, DurationChart } from './Charts'
import { Kinds } from './Kinds'
import {
  bucketsOf,
  type Counts,
  listOf,
  MINUTE,
  type OverviewSearch,
  PRESET_NAMES,
  PRESETS,
  type Range,
  rangeOf,
  STACK,
  sumOf,
  totalsOf,
  validateOverview,
  variablesOf,
} from './range'
import { Unfinished } from './Unfinished'
import { useLive } from './useLive'

const route = getRouteApi('/')

const SHARE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

/** What is going on. */
export function OverviewPage() {
  const search = route.useSearch()
  const minute = Math.floor(useNow() / MINUTE) * MINUTE
  const range = useMemo(() => rangeOf(search, minute), [search, minute])
  const variables = useMemo(() => variablesOf(range), [range])
  const [{ data, error, stale, fetching }, read] = useQuery({ query: OverviewDocument, variables })
  const isFetching = fetching || stale
  useLive({
    latest: data?.latest.changeCursor,
    isFetching,
    onChange: () => read({ requestPolicy: 'network-only' }),
  })

  if (error && !data) return <FailureNotice failure={failureOfRequest(error)} onRetry={() => read()} />
  if (!data) return <Loading what="the overview" />
  return (
    <div className="overview-page" aria-busy={isFetching}>
      <title>Overview · Invite gateway</title>
      <div className="page-head">
        <h1>Overview</h1>
        <nav className="ranges" aria-label="Range">
          {!range.isOpen && (
            <Link to="/" search={search} activeOptions={{ exact: true }}>
              {rangeText(range)}
            </Link>
          )}
          {PRESET_NAMES.map((name) => (
            <Link
              key={name}
              to="/"
              search={validateOverview({ range: name })}
              activeOptions={{ exact: true }}
            >
              {PRESETS[name].label}
            </Link>
          ))}
        </nav>
      </div>
      {error && <Outdated failure={failureOfRequest(error)} onRetry={() => read()} />}
      <Content
        data={data}
        range={range}
        title={range.isOpen ? `in the last ${labelOf(search)}` : rangeText(range)}
      />
    </div>
  )
}

const labelOf = ({ range = 'day' }: OverviewSearch) => PRESETS[range].label.toLowerCase()

const RANGE_TEXT = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

const rangeText = ({ from, count, size }: Range): string =>
  RANGE_TEXT.formatRange(from, from + count * size.length)

function Content({ data, range, title }: { data: OverviewQuery; range: Range; title: string }) {
  const { latest, unfinished, causes, kinds } = data
  const buckets = useMemo(() => bucketsOf(range, data), [range, data])
  const totals = totalsOf(buckets)
  const list = listOf(range)
  if (latest.nodes.length === 0) return <NothingYet />
  const isEmpty = sumOf(totals) === 0
  if (isEmpty && unfinished.totalCount === 0) return <Quiet title={title} />
  return (
    <>
      <StatusCounts totals={totals} list={list} />
      <Card title={`Created ${title}`}>
        <CountChart buckets={buckets} />
      </Card>
      <div className="columns">
        <Card title="Running now, the oldest first">
          <Unfinished {...unfinished} />
        </Card>
        <Card title="Why invitations failed">
          <Causes causes={causes} list={list} />
        </Card>
        {!isEmpty && (
          <>
            <Card title="Time from creation to the end">
              <DurationChart buckets={buckets} />
            </Card>
            <Card title="Kinds of identities invited">
              <Kinds groups={kinds} list={list} />
            </Card>
          </>
        )}
      </div>
    </>
  )
}

/** What is shown is older than it should be. */
function Outdated({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  useRetry(failure, onRetry)
  return (
    <p className="banner" role="alert">
      These numbers could not be brought up to date: {failure.message} (<code>{failure.code}</code>){' '}
      <button type="button" className="link-button" onClick={onRetry}>
        Try again
      </button>
    </p>
  )
}

function Quiet({ title }: { title: string }) {
  return (
    <section className="notice">
      <h2>Nothing was created {title}</h2>
      <div className="notice-text">
        <p>Choose a longer range above, or look at all operations.</p>
        <Link to="/operations" className="button primary">
          All operations
        </Link>
      </div>
    </section>
  )
}

function StatusCounts({ totals, list }: { totals: Counts; list: ListSearch }) {
  const ended = totals.Completed + totals.Failed

  function note(status: OperationStatus): string {
    if (status === 'Running') return 'under way'
    if (status === 'NotStarted') return 'waiting'
    return ended > 0 ? `${SHARE.format(totals[status] / ended)} of finished` : 'none finished'
  }

  return (
    <ul className="counts" aria-label="Operations by status">
      <li>
        <Link to="/operations" search={list}>
          <span className="muted">All</span>
          <strong>{numberText(sumOf(totals))}</strong>
          <span className="muted">created</span>
        </Link>
      </li>
      {STACK.map((status) => (
        <li key={status}>
          <Link to="/operations" search={{ ...list, status: [status] }}>
            <Status status={status} />
            <strong>{numberText(totals[status])}</strong>
            <span className="muted">{note(status)}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
