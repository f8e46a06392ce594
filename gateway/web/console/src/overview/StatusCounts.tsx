import { Link } from '@tanstack/react-router'

import type { OperationStatus } from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { numberText } from '../ui/numbers'
import { STACK, Status } from '../ui/Status'
import { type Counts, sumOf } from './range'

const SHARE = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })

/** How many there are in all and of each status, and the shares of those that have ended. */
export function StatusCounts({ totals, list }: { totals: Counts; list: ListSearch }) {
  const ended = totals.Completed + totals.Failed

  function note(status: OperationStatus): string {
    if (status === 'Running') return 'in progress'
    if (status === 'NotStarted') return 'waiting to start'
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
