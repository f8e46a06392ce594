import type { ListChangesSubscription, RowFragment } from '../gql/graphql'
import { admits, type ListSearch } from './search'

export type Row = RowFragment & {
  isDeleted?: boolean
  /** When a change of it came, in milliseconds since the epoch. */
  changedAt?: number
}
export type ListChange = ListChangesSubscription['changes']

/** How many are counted that wait, so that memory does not grow for as long as nobody looks. */
export const MAX_WAITING = 10_000

export interface Rows {
  rows: Row[]
  /** The ids of operations that belong into the list and are not shown yet, `MAX_WAITING` at most. */
  waiting: ReadonlySet<string>
  /** Where the rows end, if more follow. */
  endCursor: string | null
  hasMore: boolean
}

/** Add a page to the rows; an operation that moved in the order meanwhile is not shown twice. */
export function withPage(
  { rows, ...rest }: Rows,
  page: Row[],
  endCursor: string | null,
  hasMore: boolean,
): Rows {
  const known = new Set(rows.map(({ id }) => id))
  return { ...rest, rows: [...rows, ...page.filter(({ id }) => !known.has(id))], endCursor, hasMore }
}

/**
 * Bring the rows up to date without moving any: rows that are shown change in place, and what is new
 * waits to be asked for.
 */
export function withChanges(state: Rows, changes: ListChange[], search: ListSearch): Rows {
  const rows = [...state.rows]
  const places = new Map(rows.map(({ id }, place) => [id, place]))
  const waiting = new Set(state.waiting)
  const changedAt = Date.now()
  for (const change of changes) {
    const { operationId: id, kind } = change
    const place = places.get(id)
    const row = place === undefined ? undefined : rows[place]
    if (place !== undefined && row) {
      if (isNewer(row, change))
        rows[place] = { ...change.state, id, changedAt, isDeleted: kind === 'DELETED' }
    } else if (kind !== 'DELETED' && admits(search, change.state) && isInSight(state, change, search)) {
      if (waiting.size < MAX_WAITING) waiting.add(id)
    } else {
      waiting.delete(id)
    }
  }
  return { ...state, rows, waiting }
}

/** Whether a change is later than a row, which a page that was read later may have. */
function isNewer(row: Row, { kind, state }: ListChange): boolean {
  if (row.createdAt !== state.createdAt) return row.createdAt < state.createdAt
  return state.version > row.version || (kind === 'DELETED' && state.version >= row.version)
}

/** Whether an operation belongs among the rows, and not below them, where it will be read in time. */
function isInSight({ rows, hasMore }: Rows, { state }: ListChange, { sort }: ListSearch): boolean {
  const last = rows.at(-1)
  if (!hasMore || !last || (sort && sort !== '-createdAt')) return true
  return state.createdAt >= last.createdAt
}
