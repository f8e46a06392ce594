import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useCallback } from 'react'

import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { STATUS_NAMES } from '../ui/Status'
import { dateAndTime } from '../ui/time'
import type { Selection } from './BucketChart'
import { type Bucket, STACK } from './range'

const BucketChart = lazy(() => import('./BucketChart'))
/** Operations by time and status, drawn and as a table; each mark leads to the list of its operations. */
export function Chart({ buckets }: { buckets: Bucket[] }) {
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
                      {numberText(bucket.counts[status])}
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
