import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Feed, type FeedStatus, type Gap, retryDelay, type Sink } from './feed'

type Change = { cursor: string }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function following(start = '0', isFarBehind = false) {
  const sinks: Sink<Change>[] = []
  const from: string[] = []
  const came: string[] = []
  const statuses: FeedStatus['kind'][] = []
  const gaps: Gap[] = []
  const feed = new Feed<Change>(
    {
      follow: (after, sink) => {
        from.push(after)
        sinks.push(sink)
        return () => {}
      },
      isFarBehind: () => Promise.resolve(isFarBehind),
    },
    {
      onChanges: (changes) => came.push(...changes.map(({ cursor }) => cursor)),
      onStatus: ({ kind }) => statuses.push(kind),
      onGap: (gap) => gaps.push(gap),
    },
    start,
  )
  feed.start()
  const last = () => sinks.at(-1) as Sink<Change>
  return { feed, from, came, statuses, last, gaps }
}

const LOST = { code: 'UNREACHABLE', message: 'lost' }

test('a lost connection is taken up again after the last change', async () => {
  const { from, came, statuses, last } = following()
  last().onOpen()
  last().onChange({ cursor: '1' })
  last().onChange({ cursor: '2' })
  last().onEnd(LOST)
  expect(came).toEqual(['1', '2'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(from).toEqual(['0', '2'])
  last().onOpen()
  expect(statuses).toEqual(['connecting', 'live', 'reconnecting', 'live'])
})

test('a pause is ended where it began, and what an ended connection still says is not heard', async () => {
  const { feed, from, came, last } = following('7')
  const before = last()
  feed.pause()
  before.onChange({ cursor: '8' })
  feed.start()
  await vi.advanceTimersByTimeAsync(0)
  last().onChange({ cursor: '8' })
  vi.advanceTimersByTime(1_000)
  expect(from).toEqual(['7', '7'])
  expect(came).toEqual(['8'])
})

test('what has fallen far behind in a pause is not followed any more', async () => {
  const { feed, from, gaps } = following('7', true)
  feed.pause()
  feed.start()
  feed.pause()
  await vi.advanceTimersByTimeAsync(0)
  expect(gaps).toEqual([])
  feed.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(gaps).toEqual(['far behind'])
  expect(from).toEqual(['7'])
})

test('changes of a moment come together', () => {
  const { came, last } = following()
  for (const cursor of ['1', '2', '3']) last().onChange({ cursor })
  expect(came).toEqual([])
  vi.advanceTimersByTime(100)
  expect(came).toEqual(['1', '2', '3'])
})

test('an expired cursor is told of, and a refused token ends it', () => {
  const one = following()
  one.last().onEnd({ code: 'CURSOR_EXPIRED', message: '' })
  expect(one.gaps).toEqual(['expired'])
  const other = following()
  other.last().onEnd({ code: 'UNAUTHENTICATED', message: '' })
  vi.advanceTimersByTime(60_000)
  expect(other.statuses).toEqual(['connecting', 'stopped'])
  expect(other.from).toEqual(['0'])
})

test('tries become rarer, and never come all at once', () => {
  expect(retryDelay(1, () => 1)).toBe(500)
  expect(retryDelay(3, () => 0)).toBe(1_000)
  expect(retryDelay(50, () => 1)).toBe(15_000)
})
