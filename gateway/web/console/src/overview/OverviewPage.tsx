import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'

import type { Failure } from '../api/failure'
import type { OverviewQuery } from '../gql/graphql'
import { NothingYet } from '../list/ListPage'
import { Card } from '../ui/Card'
import { FailureNotice, Loading, useRetry } from '../ui/Notice'
import { timeRange, useNow } from '../ui/time'
import { Causes } from './Causes'
import { CountChart, DurationChart } from './Charts'
import { Kinds } from './Kinds'
import {
  bucketsOf,
  listOf,
  MINUTE,
  type OverviewSearch,
  PRESET_NAMES,
  PRESETS,
  type Range,
  rangeOf,
  sumOf,
  totalsOf,
  validateOverview,
} from './range'
import { StatusCounts } from './StatusCounts'
import { Unfinished } from './Unfinished'
import { useOverview } from './useOverview'

const route = getRouteApi('/')

/** Counts, failures and durations of the operations created in a range of time. */
export function OverviewPage() {
  const search = route.useSearch()
  const minute = Math.floor(useNow() / MINUTE) * MINUTE
  const range = useMemo(() => rangeOf(search, minute), [search, minute])
  const { shown, failure, isFetching, read } = useOverview(range)
  return (
    <div className="overview-page" aria-busy={isFetching}>
      <title>Overview · Invite gateway</title>
      <div className="page-head">
        <h1>Overview</h1>
        <RangeLinks search={search} range={range} />
      </div>
      {shown && failure && <Outdated failure={failure} onRetry={read} />}
      {shown ? (
        <Content {...shown} />
      ) : failure ? (
        <FailureNotice failure={failure} onRetry={read} />
      ) : (
        <Loading what="the overview" />
      )}
    </div>
  )
}

function RangeLinks({ search, range }: { search: OverviewSearch; range: Range }) {
  return (
    <nav className="ranges" aria-label="Range">
      {!range.preset && (
        <Link to="/" search={search} activeOptions={{ exact: true }}>
          {rangeText(range)}
        </Link>
      )}
      {PRESET_NAMES.map((name) => (
        <Link key={name} to="/" search={validateOverview({ range: name })} activeOptions={{ exact: true }}>
          {PRESETS[name].label}
        </Link>
      ))}
    </nav>
  )
}

const rangeText = ({ from, count, size }: Range): string => timeRange(from, from + count * size.length)

function Content({ data, range }: { data: OverviewQuery; range: Range }) {
  const title = range.preset ? `in the last ${PRESETS[range.preset].label.toLowerCase()}` : rangeText(range)
  const { latest, unfinished, causes, kinds } = data
  const buckets = useMemo(() => bucketsOf(range, data), [range, data])
  const totals = totalsOf(buckets)
  const list = listOf(range)
  if (latest.nodes.length === 0) return <NothingYet />
  const inProgress = (
    <Card title="In progress now, oldest first">
      <Unfinished {...unfinished} />
    </Card>
  )
  if (sumOf(totals) === 0) {
    return (
      <>
        <Quiet title={title} />
        {unfinished.totalCount > 0 && inProgress}
      </>
    )
  }
  return (
    <>
      <StatusCounts totals={totals} list={list} />
      <Card title={`Created ${title}`}>
        <CountChart buckets={buckets} />
      </Card>
      <div className="columns">
        {inProgress}
        <Card title="Why invitations failed">
          <Causes causes={causes} list={list} />
        </Card>
        <Card title="Time from creation to the end">
          <DurationChart buckets={buckets} />
        </Card>
        <Card title="Kinds of identities invited">
          <Kinds groups={kinds} list={list} />
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
      These numbers could not be updated: {failure.message} (<code>{failure.code}</code>){' '}
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
        <p>Choose a longer range above, or show all operations.</p>
        <Link to="/operations" className="button primary">
          All operations
        </Link>
      </div>
    </section>
  )
}
