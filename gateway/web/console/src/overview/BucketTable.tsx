import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

import { dateAndTime } from '../ui/time'
import { type Bucket, MINUTE, timeText } from './range'

/** What a chart shows, as a table: a row for each bucket of time that has something. */
export function BucketTable({
  label,
  heads,
  buckets,
  cells,
}: {
  label: string
  heads: string[]
  buckets: Bucket[]
  cells: (bucket: Bucket) => ReactNode[]
}) {
  return (
    <details>
      <summary>Show as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className="bucket-table" tabIndex={0} aria-label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...buckets].reverse().map((bucket) => (
              <tr key={bucket.from}>
                <th scope="row">
                  <Time bucket={bucket} />
                </th>
                {cells(bucket).map((cell, place) => (
                  <td key={heads[place]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

/** When a bucket begins, which leads into it where it can be taken apart. */
function Time({ bucket: { from, to } }: { bucket: Bucket }) {
  const text = dateAndTime(timeText(from))
  if (to - from <= MINUTE) return text
  return (
    <Link to="/" search={{ from: timeText(from), to: timeText(to) }} title="Enlarge this range">
      {text}
    </Link>
  )
}
