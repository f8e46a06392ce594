/** An operation with its history, kept up to date by the changes that are followed. */

import type { EntryFragment, OperationQuery, StateFragment } from '../gql/graphql'

export interface Versions {
  /** The operation as it is, or as it was last. */
  current: StateFragment
  history: EntryFragment[]
  isDeleted: boolean
  /** Where the history goes on. */
  cursor: string | null
}

type Found = NonNullable<OperationQuery['inviteParticipantsOperation']>

export function versionsOf({ history, id: _, ...current }: Found): Versions {
  return { current, history: history.nodes, isDeleted: false, cursor: history.pageInfo.endCursor ?? null }
}

/**
 * Add what happened. It is how things are, unless the operation was read later than that: of a history
 * that is longer than a page the rest comes in this way.
 */
export function withEntries(versions: Versions, entries: EntryFragment[]): Versions {
  const history = [...versions.history, ...entries]
  const last = entries.at(-1)
  if (!last || !isNewer(versions.current, last.state)) return { ...versions, history }
  return { ...versions, history, current: last.state, isDeleted: last.kind === 'DELETED' }
}

/** Whether a state is not older than another; an id may be used again after a deletion. */
function isNewer(known: StateFragment, { createdAt, version }: StateFragment): boolean {
  return createdAt === known.createdAt ? version >= known.version : createdAt > known.createdAt
}
