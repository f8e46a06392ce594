import type { OverviewQuery } from '../gql/graphql'
import type { Kind } from '../ui/people'
import { type Counts, sumOf } from './range'

export interface KindCounts {
  /** `other` is any kind that is not declared, `none` is without an identity. */
  kind: Kind | 'other' | 'none'
  counts: Counts
  total: number
}

/** The counts of each kind of identity, the commonest first. */
export function kindCountsOf(groups: OverviewQuery['kinds']): KindCounts[] {
  const byKind = new Map<KindCounts['kind'], Counts>()
  for (const { identityKind, status, count } of groups) {
    if (!status) continue
    const kind = identityKind ?? 'none'
    const counts = byKind.get(kind) ?? { NotStarted: 0, Running: 0, Completed: 0, Failed: 0 }
    byKind.set(kind, { ...counts, [status]: count })
  }
  return [...byKind]
    .map(([kind, counts]) => ({ kind, counts, total: sumOf(counts) }))
    .sort((one, other) => other.total - one.total)
}
