import type {
  InviteParticipantsOperationFilter,
  InviteParticipantsOperationGroupKey,
  OperationStatus,
  OverviewQuery,
  OverviewQueryVariables,
} from '../gql/graphql'

const HOUR = 3_600_000
const DAY = 24 * HOUR

export type RangeName = 'day' | 'week' | 'month'

export interface Range {
  name: RangeName
  label: string
  bucket: InviteParticipantsOperationGroupKey
  /** How long a bucket of time is, in milliseconds, and how many there are. */
  length: number
  count: number
}

export const RANGES: readonly [Range, ...Range[]] = [
  { name: 'day', label: '24 hours', bucket: 'CREATED_HOUR', length: HOUR, count: 24 },
  { name: 'week', label: '7 days', bucket: 'CREATED_HOUR', length: HOUR, count: 7 * 24 },
  { name: 'month', label: '30 days', bucket: 'CREATED_DAY', length: DAY, count: 30 },
]

export const rangeOf = (name: RangeName | undefined): Range =>
  RANGES.find((range) => range.name === name) ?? RANGES[0]

/** When a range that ends now begins: with the first of its buckets, the last of which goes on. */
export function startOf({ length, count }: Range, now: number): number {
  return (Math.floor(now / length) - count + 1) * length
}

export function variablesOf(range: Range, from: number): OverviewQueryVariables {
  const since: InviteParticipantsOperationFilter = { createdAt: { gte: new Date(from).toISOString() } }
  const only = (status: OperationStatus) => ({ ...since, status: { eq: status } })
  return {
    bucket: range.bucket,
    range: since,
    notStarted: only('NotStarted'),
    running: only('Running'),
    completed: only('Completed'),
    failed: only('Failed'),
    unfinished: { status: { in: ['NotStarted', 'Running'] } },
  }
}

/** What is stacked, from below. */
export const STACK = ['Completed', 'Failed', 'Running', 'NotStarted'] as const satisfies OperationStatus[]

export interface Bucket {
  from: number
  to: number
  counts: Record<OperationStatus, number>
}

const SERIES = {
  NotStarted: 'notStarted',
  Running: 'running',
  Completed: 'completed',
  Failed: 'failed',
} as const satisfies Record<OperationStatus, keyof OverviewQuery>

/** All buckets of a range, in order, those without an operation too. */
export function bucketsOf(range: Range, from: number, data: OverviewQuery): Bucket[] {
  const counts = (status: OperationStatus) =>
    new Map(data[SERIES[status]].map((group) => [new Date(group.createdFrom ?? 0).getTime(), group.count]))
  const byStatus = {
    NotStarted: counts('NotStarted'),
    Running: counts('Running'),
    Completed: counts('Completed'),
    Failed: counts('Failed'),
  }
  return Array.from({ length: range.count }, (_, place) => {
    const start = from + place * range.length
    return {
      from: start,
      to: start + range.length,
      counts: {
        NotStarted: byStatus.NotStarted.get(start) ?? 0,
        Running: byStatus.Running.get(start) ?? 0,
        Completed: byStatus.Completed.get(start) ?? 0,
        Failed: byStatus.Failed.get(start) ?? 0,
      },
    }
  })
}
