import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useState } from 'react'

import type { OperationStatus } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { countsText, STACK, STATUS_NAMES } from '../ui/Status'
import { duration, TIME_ZONE, timeRange } from '../ui/time'
import { BucketTable } from './BucketTable'
import type { PlotSelection } from './Plot'
import { type Bucket, sumOf, timeText } from './range'

// Loaded when there is something to draw.
const CountPlot = lazy(() => import('./CountPlot'))
const DurationPlot = lazy(() => import('./DurationPlot'))

const FINISHED: OperationStatus[] = ['Completed', 'Failed']

/** Operations by time and status, drawn and as a table; each mark leads to the list of its operations. */
export function CountChart({ buckets }: { buckets: Bucket[] }) {
  const select = useSelect(statusAt)
  const [hovered, setHovered] = useHovered(buckets)
  return (
    <>
      <p className="muted hint">
        {hovered
          ? `${timeRange(hovered.from, hovered.to)}: ${countsText(hovered.counts)}`
          : `Select a bar to see its operations, or drag over a range to enlarge it. Time zone: ${TIME_ZONE}.`}
      </p>
      <Suspense fallback={<div className="chart" />}>
        <CountPlot buckets={buckets} onSelect={select} onHover={setHovered} />
      </Suspense>
      <BucketTable
        label="Operations by time and status"
        heads={STACK.map((status) => STATUS_NAMES[status])}
        buckets={buckets.filter(({ counts }) => sumOf(counts) > 0)}
        cells={(bucket) =>
          STACK.map((status) => {
            const count = bucket.counts[status]
            return count > 0 ? (
              <Link key={status} to="/operations" search={listIn(bucket, [status])}>
                {numberText(count)}
              </Link>
            ) : (
              0
            )
          })
        }
      />
    </>
  )
}

/** How long operations took, by the time when they were created. */
export function DurationChart({ buckets }: { buckets: Bucket[] }) {
  const select = useSelect(finished)
  const [hovered, setHovered] = useHovered(buckets)
  const ended = buckets.filter((bucket) => bucket.duration)
  if (ended.length === 0) return <p className="muted">None has ended.</p>
  return (
    <>
      <ul className="legend" aria-hidden="true">
        <li className="line-median">Median {hovered?.duration && duration(hovered.duration.median)}</li>
        <li className="line-p95">95th percentile {hovered?.duration && duration(hovered.duration.p95)}</li>
        {hovered && <li className="muted">{timeRange(hovered.from, hovered.to)}</li>}
      </ul>
      <Suspense fallback={<div className="chart" />}>
        <DurationPlot buckets={buckets} onSelect={select} onHover={setHovered} />
      </Suspense>
      <BucketTable
        label="Time from creation to the end"
        heads={['Finished', 'Median', '95th percentile']}
        buckets={ended}
        cells={(bucket) => [
          <Link key="list" to="/operations" search={listIn(bucket, FINISHED)}>
            {numberText(bucket.counts.Completed + bucket.counts.Failed)}
          </Link>,
          bucket.duration && duration(bucket.duration.median),
          bucket.duration && duration(bucket.duration.p95),
        ]}
      />
    </>
  )
}

const finished = () => FINISHED

/** The bucket that the pointer is over, as it is now. */
function useHovered(buckets: Bucket[]) {
  const [from, setFrom] = useState<number>()
  const setHovered = useCallback((bucket: Bucket | undefined) => setFrom(bucket?.from), [])
  return [buckets.find((bucket) => bucket.from === from), setHovered] as const
}

/** Lead to the list of a mark that is clicked, or into a range that is dragged over. */
function useSelect(statusesAt: (bucket: Bucket, value: number) => OperationStatus[] | undefined) {
  const navigate = useNavigate()
  return useCallback(
    (selection: PlotSelection) => {
      if (selection.kind === 'range') {
        const { from, to } = selection
        return navigate({ to: '/', search: { from: timeText(from), to: timeText(to) } })
      }
      const { bucket, value } = selection
      return navigate({ to: '/operations', search: listIn(bucket, statusesAt(bucket, value)) })
    },
    [navigate, statusesAt],
  )
}

function listIn({ from, to }: Bucket, status: OperationStatus[] | undefined): ListSearch {
  return { from: timeText(from), to: timeText(to), ...(status && { status }) }
}

/** The status that the stack of a bucket has at a height. */
function statusAt({ counts }: Bucket, height: number): OperationStatus[] | undefined {
  let top = 0
  for (const status of STACK) {
    top += counts[status]
    if (height <= top) return [status]
  }
  return undefined
}
