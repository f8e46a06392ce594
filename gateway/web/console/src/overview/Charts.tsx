import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useCallback } from 'react'

import type { OperationStatus } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { STATUS_NAMES } from '../ui/Status'
import { duration } from '../ui/time'
import { BucketTable } from './BucketTable'
import type { PlotSelection } from './Plot'
import { type Bucket, STACK, sumOf, timeText } from './range'

// Loaded when there is something to draw.
const CountPlot = lazy(() => import('./CountPlot'))
const DurationPlot = lazy(() => import('./DurationPlot'))

const FINISHED: OperationStatus[] = ['Completed', 'Failed']

/** Operations by time and status, drawn and as a table; each mark leads to the list of its operations. */
export function CountChart({ buckets }: { buckets: Bucket[] }) {
  const select = useSelect(statusAt)
  return (
    <>
      <p className="muted hint">Click a bar to see its operations, or drag over a range to look into it.</p>
      <Suspense fallback={<div className="chart" />}>
        <CountPlot buckets={buckets} onSelect={select} />
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
  const ended = buckets.filter((bucket) => bucket.duration)
  if (ended.length === 0) return <p className="muted">None has ended.</p>
  return (
    <>
      <ul className="legend" aria-hidden="true">
        <li className="line-median">Median</li>
        <li className="line-p95">95th percentile</li>
      </ul>
      <Suspense fallback={<div className="chart" />}>
        <DurationPlot buckets={buckets} onSelect={select} />
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
