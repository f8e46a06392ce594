import type {
  InviteParticipantsOperationFilter,
  InviteParticipantsOperationGroupKey,
  OperationStatus,
  OverviewQuery,
  OverviewQueryVariables,
} from '../gql/graphql'
import type { ListSearch } from '../list/search'
import { STACK } from '../ui/Status'

export const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The most groups of an answer. */
const MAX_BUCKETS = 500

/** A length of the buckets of time, in milliseconds, and what the gateway calls it. */
interface BucketSize {
  key: InviteParticipantsOperationGroupKey
  length: number
}

const MINUTES: BucketSize = { key: 'CREATED_MINUTE', length: MINUTE }
const HOURS: BucketSize = { key: 'CREATED_HOUR', length: HOUR }
const DAYS: BucketSize = { key: 'CREATED_DAY', length: DAY }

/** The ranges that end now. */
export const PRESETS = {
  hour: { label: 'Hour', size: MINUTES, count: 60 },
  day: { label: '24 hours', size: HOURS, count: 24 },
  week: { label: '7 days', size: HOURS, count: 7 * 24 },
  month: { label: '30 days', size: DAYS, count: 30 },
} as const satisfies Record<string, { label: string; size: BucketSize; count: number }>

export type PresetName = keyof typeof PRESETS
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[]

/** What the address of the overview has: a range that ends now, or one from a time to another. */
export interface OverviewSearch {
  range?: PresetName
  from?: string
  to?: string
}

export function validateOverview(raw: Record<string, unknown>): OverviewSearch {
  const [from, to] = [raw.from, raw.to].map((text) => new Date(typeof text === 'string' ? text : ''))
  if (from && to && from < to) return { from: from.toISOString(), to: to.toISOString() }
  const range = PRESET_NAMES.find((name) => name === raw.range)
  return range && range !== 'day' ? { range } : {}
}

/** Whole buckets of time, in milliseconds since the epoch; the last may go on. */
export interface Range {
  size: BucketSize
  from: number
  count: number
  /** The name of one that ends now, so that whatever is created belongs to it. */
  preset?: PresetName
}

export function rangeOf({ range = 'day', from, to }: OverviewSearch, now: number): Range {
  if (from && to) return between(Date.parse(from), Date.parse(to))
  const { size, count } = PRESETS[range]
  // It begins with the first of its buckets, the last of which goes on.
  return { size, count, from: (Math.floor(now / size.length) - count + 1) * size.length, preset: range }
}

function between(from: number, to: number): Range {
  const size = to - from <= 3 * HOUR ? MINUTES : to - from <= 14 * DAY ? HOURS : DAYS
  const first = Math.floor(from / size.length)
  const count = Math.min(Math.ceil(to / size.length) - first, MAX_BUCKETS)
  return { size, count, from: first * size.length }
}

/** The list of what was created in a range. */
export function listOf({ from, count, size, preset }: Range): ListSearch {
  return preset
    ? { from: timeText(from) }
    : { from: timeText(from), to: timeText(from + count * size.length) }
}

export const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString()

export function variablesOf(range: Range): OverviewQueryVariables {
  const { from, to } = listOf(range)
  const created: InviteParticipantsOperationFilter = { createdAt: { gte: from, ...(to && { lt: to }) } }
  const only = (status: OperationStatus) => ({ ...created, status: { eq: status } })
  return {
    bucket: range.size.key,
    created,
    notStarted: only('NotStarted'),
    running: only('Running'),
    completed: only('Completed'),
    failed: only('Failed'),
    unfinished: { status: { in: ['NotStarted', 'Running'] } },
  }
}

export type Counts = Record<OperationStatus, number>

export interface Bucket {
  from: number
  to: number
  counts: Counts
  /** In seconds; null when nothing has ended. */
  duration: { median: number; p95: number } | null
}

const SERIES = {
  NotStarted: 'notStarted',
  Running: 'running',
  Completed: 'completed',
  Failed: 'failed',
} as const satisfies Record<OperationStatus, keyof OverviewQuery>

/** All buckets of a range, in order, those without an operation too. */
export function bucketsOf({ from, count, size }: Range, data: OverviewQuery): Bucket[] {
  const byStatus = STACK.map((status) => [status, byTime(data[SERIES[status]])] as const)
  const durations = byTime(data.durations)
  return Array.from({ length: count }, (_, place) => {
    const start = from + place * size.length
    const counts = byStatus.map(([status, groups]) => [status, groups.get(start)?.count ?? 0])
    return {
      from: start,
      to: start + size.length,
      counts: Object.fromEntries(counts),
      duration: durations.get(start)?.duration ?? null,
    }
  })
}

const byTime = <Group extends { createdFrom?: string | null }>(groups: Group[]) =>
  new Map(groups.map((group) => [Date.parse(group.createdFrom ?? ''), group]))

/** How many there are of each status. */
export const totalsOf = (buckets: Bucket[]): Counts =>
  Object.fromEntries(
    STACK.map((status) => [status, buckets.reduce((sum, { counts }) => sum + counts[status], 0)]),
  ) as Counts

export const sumOf = (counts: Counts): number => STACK.reduce((sum, status) => sum + counts[status], 0)
