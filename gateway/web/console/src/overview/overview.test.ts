import { expect, test } from 'vitest'

import type { OverviewQuery } from '../gql/graphql'
import { kindCountsOf } from './kindCounts'
import { causeOf, diagnosisOf } from './meaning'
import { bucketsOf, listOf, rangeOf, totalsOf, validateOverview } from './range'

const NOW = Date.UTC(2026, 0, 31, 9, 30)

test('a day is 24 hours, the last of which goes on', () => {
  const day = rangeOf({}, NOW)
  const data: OverviewQuery = {
    latest: { changeCursor: '', nodes: [] },
    notStarted: [],
    running: [],
    completed: [{ createdFrom: '2026-01-31T09:00:00.000000Z', count: 3 }],
    failed: [{ createdFrom: '2026-01-30T10:00:00.000000Z', count: 1 }],
    durations: [{ createdFrom: '2026-01-31T09:00:00.000000Z', duration: { median: 2, p95: 8 } }],
    causes: [],
    kinds: [],
    unfinished: { nodes: [], totalCount: 0 },
  }
  const buckets = bucketsOf(day, data)
  expect(listOf(day)).toEqual({ from: '2026-01-30T10:00:00.000Z' })
  expect(buckets).toHaveLength(24)
  expect(buckets[0]?.counts).toEqual({ NotStarted: 0, Running: 0, Completed: 0, Failed: 1 })
  expect(buckets[0]?.duration).toBeNull()
  expect(buckets.at(-1)?.counts.Completed).toBe(3)
  expect(buckets.at(-1)?.duration).toEqual({ median: 2, p95: 8 })
  expect(totalsOf(buckets)).toEqual({ NotStarted: 0, Running: 0, Completed: 3, Failed: 1 })
})

test.each([
  ['2026-01-31T09:00:10Z', '2026-01-31T10:00:00Z', 'CREATED_MINUTE', 60],
  ['2026-01-30T00:00:00Z', '2026-01-31T09:30:00Z', 'CREATED_HOUR', 34],
  ['2026-01-01T00:00:00Z', '2026-01-31T00:00:00Z', 'CREATED_DAY', 30],
  ['1026-01-01T00:00:00Z', '2026-01-31T00:00:00Z', 'CREATED_DAY', 500],
])('from %s to %s is in buckets of %s: %i', (from, to, key, count) => {
  const range = rangeOf(validateOverview({ from, to }), NOW)
  expect([range.size.key, range.count, range.preset]).toEqual([key, count, undefined])
})

test.each([{ from: 'x', to: 'y' }, { from: '2026-02-01', to: '2026-01-01' }, { range: 'year' }, { from: 1 }])(
  'a range that makes no sense is left out: %o',
  (raw) => expect(validateOverview(raw)).toEqual({}),
)

test('kinds of identities are counted by status, the commonest first', () => {
  const kinds = kindCountsOf([
    { identityKind: null, status: 'Failed', count: 1 },
    { identityKind: 'phone', status: 'Failed', count: 2 },
    { identityKind: 'phone', status: 'Completed', count: 3 },
  ])
  expect(kinds.map(({ kind, total, counts }) => [kind, total, counts.Failed])).toEqual([
    ['phone', 5, 2],
    ['none', 1, 1],
  ])
})

test('the diagnostic code is found in a message', () => {
  expect(diagnosisOf('It failed. DiagCode: 412#10073.@')).toBe('412#10073')
  expect(diagnosisOf('It failed.')).toBeUndefined()
})

test.each([
  [{ code: 412, subcode: 9999, diagnosis: '412#10073' }, 'not enabled to call phone numbers'],
  [{ code: 412, subcode: 9999, diagnosis: null }, 'precondition'],
  [{ code: 500, subcode: 7106 }, 'internal error'],
  [{ code: 200, subcode: 0 }, 'Successful'],
  [{ code: 0, subcode: 7015 }, ''],
])('the result %o is put in words', (result, words) => expect(causeOf(result)).toContain(words))
