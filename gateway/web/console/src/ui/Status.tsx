import type { OperationStatus } from '../gql/graphql'

export const STATUS_NAMES: Record<OperationStatus, string> = {
  NotStarted: 'Not started',
  Running: 'Running',
  Completed: 'Completed',
  Failed: 'Failed',
}

export function Status({ status, isDeleted = false }: { status: OperationStatus; isDeleted?: boolean }) {
  return (
    <span className={`status ${isDeleted ? 'deleted' : status}`}>
      <span className="dot" aria-hidden="true" />
      {isDeleted ? 'Deleted' : STATUS_NAMES[status]}
    </span>
  )
}
