import { type ReactNode, useSyncExternalStore } from 'react'

import { usePreferences } from '../app/preferences'
import type { OperationStatus } from '../gql/graphql'

const SECOND = 1_000
const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const

/** A length of time in its two largest units, such as `2 h 5 min`; below ten seconds with a decimal. */
export function duration(seconds: number): string {
  if (seconds < 0.05) return '0 s'
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const place = UNITS.findIndex(([, size]) => seconds >= size)
  const [unit, size] = UNITS[place] as (typeof UNITS)[number]
  const [next, nextSize] = UNITS[place + 1] ?? ['s', 1]
  const rest = Math.floor((seconds % size) / nextSize)
  return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${next}` : ''}`
}

/** How long ago something was, roughly. */
export function ageText(seconds: number): string {
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ['min', 60]
  return `${Math.floor(seconds / size)} ${unit} ago`
}

const DATE_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** The browser's time zone, in which times are shown, such as `Europe/Berlin`. */
export const TIME_ZONE = DATE_AND_TIME.resolvedOptions().timeZone

export const dateAndTime = (time: string): string => DATE_AND_TIME.format(new Date(time))

const MINUTES = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' } as const
const OF_THIS_YEAR = new Intl.DateTimeFormat(undefined, MINUTES)
const OF_ANY_YEAR = new Intl.DateTimeFormat(undefined, { ...MINUTES, year: 'numeric' })

/** A range of time, given in milliseconds since the epoch, such as `28 Nov, 09:00 – 10:00`. */
export function timeRange(from: number, to: number): string {
  const isOfThisYear = new Date(from).getFullYear() === new Date().getFullYear()
  return (isOfThisYear ? OF_THIS_YEAR : OF_ANY_YEAR).formatRange(from, to)
}

let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    if (!document.hidden) for (const one of listeners) one()
  }, SECOND)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time, by the second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

export const secondsBetween = (from: string, to: string | number): number =>
  (new Date(to).getTime() - new Date(from).getTime()) / SECOND

/** When something was: how long ago, or the time itself, as is preferred. */
export function When({ time }: { time: string }) {
  const { hasAbsoluteTimes } = usePreferences()
  const current = useNow()
  return (
    <time dateTime={time} title={time}>
      {hasAbsoluteTimes ? dateAndTime(time) : ageText(secondsBetween(time, current))}
    </time>
  )
}

export interface Timed {
  status: OperationStatus
  createdAt: string
  updatedAt: string
  /** Null where the gateway did not keep it yet when the operation ended. */
  endedAt?: string | null
}

export const isFinished = ({ status }: Pick<Timed, 'status'>): boolean =>
  status === 'Completed' || status === 'Failed'

/** How long an operation took, or has been going on. */
export function Duration({ operation }: { operation: Timed }) {
  return isFinished(operation) ? (
    duration(secondsBetween(operation.createdAt, operation.endedAt ?? operation.updatedAt))
  ) : (
    <RunningFor createdAt={operation.createdAt} />
  )
}

/** The marks of operations that have been going on for too long, the longest first. */
const MARKS = [
  { seconds: 60, className: 'over', reason: 'Microsoft Graph gives up after 60 s.' },
  { seconds: 30, className: 'late', reason: 'The .NET SDK gives up after 30 s.' },
] as const

/**
 * How long an operation has been going on, marked where those that wait for it give up. `linkOf` makes
 * a link of the mark, to all that were created before a time.
 */
export function RunningFor({
  createdAt,
  linkOf,
}: {
  createdAt: string
  linkOf?: (before: string, mark: string) => ReactNode
}) {
  const now = useNow()
  const seconds = secondsBetween(createdAt, now)
  const text = seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s` : duration(seconds)
  const passed = MARKS.find((mark) => seconds >= mark.seconds)
  if (!passed) return <span className="running-for">{text}</span>
  const mark = `over ${passed.seconds} s`
  const before = new Date(now - passed.seconds * SECOND).toISOString()
  return (
    <span className={`running-for ${passed.className}`} title={passed.reason}>
      {text} <span className="mark">{linkOf ? linkOf(before, mark) : mark}</span>
    </span>
  )
}
