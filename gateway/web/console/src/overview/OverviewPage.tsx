import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useQuery } from 'urql'
import { type Failure, failureOfRequest } from '../api/failure'
import type { Follow } from '../api/feed'
import { useFeed } from '../app/connection'
import { usePreferences } from '../app/preferences'
import { useSession } from '../app/session'
import {
  ChangesDocument,
  type OperationStatus,
  OverviewDocument,
  type OverviewQuery,
  type RowFragment,
} from '../gql/graphql'
import { NothingYet } from '../list/ListPage'
import type { ListSearch } from '../list/search'
import { FailureNotice, Loading, useRetry } from '../ui/Notice'
import { Person, withoutNumbers } from '../ui/people'
import { STATUS_NAMES, Status } from '../ui/Status'
import { dateAndTime, RunningFor, useNow } from '../ui/time'
import type { Selection } from './BucketChart'
import { causeOf } from './causes'
import { type Bucket, bucketsOf, RANGES, type Range, rangeOf, STACK, startOf, variablesOf } from './range'

const BucketChart = lazy(() => import('./BucketChart'))
const route = getRouteApi('/')

const NUMBER = new Intl.NumberFormat()
const SHARE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const REFRESH_MILLISECONDS = 2_000

/** What is going on. */
export function OverviewPage() {
  const { range: name } = route.useSearch()
  const range = rangeOf(name)
  const from = startOf(range, useNow())
  const variables = useMemo(() => variablesOf(range, from), [range, from])
  const [{ data, error, stale, fetching }, read] = useQuery({ query: OverviewDocument, variables })
  useLive(data, () => read({ requestPolicy: 'network-only' }))

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
      <Section title={`Created in the last ${range.label}`}>
        <Chart buckets={bucketsOf(range, from, data)} />
      </Section>
      <div className="columns">
        <Section title="Running now, the oldest first">
          <Unfinished {...unfinished} />
        </Section>
        <Section title="Why invitations failed">
          <Causes causes={causes} since={since} />
        </Section>
      </div>
    </>
  )
}

/** Call `onChange` after changes, seldom enough that the gateway can answer. */
function useLive(data: OverviewQuery | undefined, onChange: () => void): void {
  const { api } = useSession()
  const [cursor, setCursor] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = data?.latest.changeCursor
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

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      {children}
    </section>
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
          <strong>{NUMBER.format(total)}</strong>
          <span className="muted">created</span>
        </Link>
      </li>
      {STACK.map((status) => (
        <li key={status}>
          <Link to="/operations" search={{ ...since, status: [status] }}>
            <Status status={status} />
            <strong>{NUMBER.format(counts[status] ?? 0)}</strong>
            <span className="muted">{note(status)}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Chart({ buckets }: { buckets: Bucket[] }) {
  const navigate = useNavigate()
  const select = useCallback(
    ({ from, to, status }: Selection) =>
      navigate({
        to: '/operations',
        search: { ...between({ from, to }), ...(status && { status: [status] }) },
      }),
    [navigate],
  )
  return (
    <>
      <p className="muted hint">Click a bar to see its operations, or drag over a range.</p>
      <Suspense fallback={<div className="chart" />}>
        <BucketChart buckets={buckets} onSelect={select} />
      </Suspense>
      <details>
        <summary>Show as a table</summary>
        <BucketTable buckets={buckets} />
      </details>
    </>
  )
}

const between = ({ from, to }: { from: number; to: number }): ListSearch => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
})

function BucketTable({ buckets }: { buckets: Bucket[] }) {
  const used = buckets.filter(({ counts }) => STACK.some((status) => counts[status] > 0))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="bucket-table" tabIndex={0} aria-label="Operations by time and status">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {STACK.map((status) => (
              <th key={status} scope="col">
                {STATUS_NAMES[status]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.reverse().map((bucket) => (
            <tr key={bucket.from}>
              <th scope="row">{dateAndTime(new Date(bucket.from).toISOString())}</th>
              {STACK.map((status) => (
                <td key={status}>
                  {bucket.counts[status] > 0 ? (
                    <Link to="/operations" search={{ ...between(bucket), status: [status] }}>
                      {NUMBER.format(bucket.counts[status])}
                    </Link>
                  ) : (
                    0
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Unfinished({ nodes, totalCount }: { nodes: RowFragment[]; totalCount: number }) {
  const { isPrivate } = usePreferences()
  if (totalCount === 0) return <p className="muted">Nothing runs at the moment.</p>
  return (
    <>
      <ul className="unfinished">
        {nodes.map(({ id, status, clientContext, createdAt, participants }) => (
          <li key={id}>
            <Status status={status} />
            <Link to="/operations/$id" params={{ id }}>
              <bdi>{clientContext ? withoutNumbers(clientContext, isPrivate) : id}</bdi>
            </Link>
            <span className="who muted">
              {participants[0] && <Person set={participants[0].identity} />}
              {participants.length > 1 && ` +${participants.length - 1}`}
            </span>
            <RunningFor createdAt={createdAt} />
          </li>
        ))}
      </ul>
      {totalCount > nodes.length && (
        <Link to="/operations" search={{ status: ['NotStarted', 'Running'], sort: 'createdAt' }}>
          All {NUMBER.format(totalCount)} that run
        </Link>
      )}
    </>
  )
}

function Causes({ causes, since }: { causes: OverviewQuery['causes']; since: ListSearch }) {
  if (causes.length === 0) return <p className="muted">No invitation failed.</p>
  const most = Math.max(...causes.map(({ count }) => count))
  return (
    <ul className="causes">
      {causes.map(({ resultCode, resultSubcode, count }) => {
        const isKnown = resultCode != null && resultSubcode != null
        const result = isKnown ? `${resultCode}/${resultSubcode}` : undefined
        return (
          <li key={result ?? 'none'}>
            <Link to="/operations" search={{ ...since, status: ['Failed'], ...(result && { result }) }}>
              <code>{result ?? 'No result'}</code>
              <span className="cause">
                {isKnown && causeOf({ code: resultCode, subcode: resultSubcode })}
              </span>
              <strong>{NUMBER.format(count)}</strong>
            </Link>
            <div className="cause-bar" style={{ width: `${(100 * count) / most}%` }} />
          </li>
        )
      })}
    </ul>
  )
}
