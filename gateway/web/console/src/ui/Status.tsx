import type { OperationStatus } from '../gql/graphql'
import { numberText } from './numbers'

/** In the order in which charts stack them, from below. */
export const STACK = ['Completed', 'Failed', 'Running', 'NotStarted'] as const satisfies OperationStatus[]

export const STATUS_NAMES: Record<OperationStatus, string> = {
  NotStarted: 'Not started',
  Running: 'Running',
  Completed: 'Completed',
  Failed: 'Failed',
}

/** How many there are of each status, such as `12 completed, 1 running`. */
export function countsText(counts: Record<OperationStatus, number>): string {
  const texts = STACK.filter((status) => counts[status] > 0).map(
    (status) => `${numberText(counts[status])} ${STATUS_NAMES[status].toLowerCase()}`,
  )
  return texts.join(', ') || 'none'
}

export function Status({ status, isDeleted = false }: { status: OperationStatus; isDeleted?: boolean }) {
  return (
    <span className={`status ${isDeleted ? 'deleted' : status}`}>
      <span className="dot" aria-hidden="true" />
      {isDeleted ? 'Deleted' : STATUS_NAMES[status]}
    </span>
  )
}
