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
import { Chart } from './Chart'
import { bucketsOf, RANGES, type Range, rangeOf, STACK, startOf, variablesOf } from './range'
import { Unfinished } from './Unfinished'
import { useLive } from './useLive'

const route = getRouteApi('/')

const SHARE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

/** What is going on. */
export function OverviewPage() {
  const { range: name } = route.useSearch()
  const range = rangeOf(name)
  const from = startOf(range, useNow())
  const variables = useMemo(() => variablesOf(range, from), [range, from])
  const [{ data, error, stale, fetching }, read] = useQuery({ query: OverviewDocument, variables })
  useLive(data?.latest.changeCursor, () => read({ requestPolicy: 'network-only' }))

  if (error && !data) return <FailureNotice failure={failureOfRequest(error)} onRetry={() => read()} />
  if (!data) return <Loading what="the overview" />
  return (
    <div className="overview-page" aria-busy={fetching || stale}>
      <title>Overview · Invite gateway</title>
      <div className="page-head">
        <h1>Overview</h1>
        <nav className="ranges" aria-label="Range">
          {RANGES.map((one) => (
            <Link
              key={one.name}
              to="/"
              search={{ range: one === RANGES[0] ? undefined : one.name }}
              activeOptions={{ exact: true }}
            >
              {one.label}
            </Link>
          ))}
        </nav>
      </div>
      {error && <Outdated failure={failureOfRequest(error)} onRetry={() => read()} />}
      <Content data={data} range={range} from={from} />
    </div>
  )
}

function Content({ data, range, from }: { data: OverviewQuery; range: Range; from: number }) {
  const { latest, statuses, unfinished, causes } = data
  const total = statuses.reduce((sum, { count }) => sum + count, 0)
  const since: ListSearch = { from: new Date(from).toISOString() }
  if (latest.nodes.length === 0) return <NothingYet />
  if (total === 0 && unfinished.totalCount === 0) return <Quiet label={range.label} />
  return (
    <>
      <Counts statuses={statuses} total={total} since={since} />
      <Card title={`Created in the last ${range.label}`}>
        <Chart buckets={bucketsOf(range, from, data)} />
      </Card>
      <div className="columns">
        <Card title="Running now, the oldest first">
          <Unfinished {...unfinished} />
        </Card>
        <Card title="Why invitations failed">
          <Causes causes={causes} since={since} />
        </Card>
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

function Quiet({ label }: { label: string }) {
  return (
    <section className="notice">
      <h2>Nothing was created in the last {label}</h2>
      <div className="notice-text">
        <p>Choose a longer range above, or look at older operations.</p>
        <Link to="/operations" className="button primary">
          All operations
        </Link>
      </div>
    </section>
  )
}

function Counts({
  statuses,
  total,
  since,
}: {
  statuses: OverviewQuery['statuses']
  total: number
  since: ListSearch
}) {
  const counts = Object.fromEntries(statuses.map(({ status, count }) => [status, count]))
  const ended = (counts.Completed ?? 0) + (counts.Failed ?? 0)

  function note(status: OperationStatus): string {
    if (status === 'Running') return 'under way'
    if (status === 'NotStarted') return 'waiting'
    return ended > 0 ? `${SHARE.format((counts[status] ?? 0) / ended)} of finished` : 'none finished'
  }

  return (
    <ul className="counts" aria-label="Operations by status">
      <li>
        <Link to="/operations" search={since}>
          <span className="muted">All</span>
          <strong>{numberText(total)}</strong>
          <span className="muted">created</span>
        </Link>
      </li>
      {STACK.map((status) => (
        <li key={status}>
          <Link to="/operations" search={{ ...since, status: [status] }}>
            <Status status={status} />
            <strong>{numberText(counts[status] ?? 0)}</strong>
            <span className="muted">{note(status)}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
